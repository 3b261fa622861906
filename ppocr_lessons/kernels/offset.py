"""Offsetting of many quadrangles at once: kernels/grow.py and kernels/shrink.py where their result is that of the library.

The remaining polygons go to the plain function, `offset_polygons` in polygons.py.
"""

import numpy as np

from .grow import grow_convex, most_points
from .shrink import shrink_convex


def offset_quads(plain, polygons, distances) -> list[list[np.ndarray]]:
    """Compiled form of `offset_polygons`.

    Args:
        plain: function that offsets polygons of any kind.
        polygons: (N, P, 2) in pixels; those with P = 4 can be compiled.
        distances: (N,) in pixels, all positive or all negative for the compiled form.

    Returns: for each polygon the outlines that result, each (M, 2) int32 in pixels.
    """
    polygons, distances = np.asarray(polygons), np.asarray(distances, np.float64)
    if polygons.shape[1:] != (4, 2) or not len(polygons) or distances.min() < 0 < distances.max():
        return plain(polygons, distances)
    points = polygons.astype(np.int64)  # like the library, which cuts fractions off
    if distances.min() >= 0:
        outlines = np.empty((len(points), most_points(distances), 2), np.int32)
        counts = np.empty(len(points), np.int64)
        grow_convex(points, distances, outlines, counts)
    else:
        outlines = np.empty((len(points), 4, 2), np.int32)
        counts = np.empty(len(points), np.int64)
        shrink_convex(points, -distances, outlines, counts)
    results = [[outline[:count]] for outline, count in zip(outlines, counts.tolist(), strict=True)]
    rest = np.nonzero(counts == 0)[0]
    if len(rest):
        for index, result in zip(rest.tolist(), plain(polygons[rest], distances[rest]), strict=True):
            results[index] = result
    return results
