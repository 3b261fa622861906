"""Augmenters of imgaug by name, for configurations that ask for more than flip, turn and scale.

imgaug 0.4.0 reads `np.sctypes` once, on import. NumPy 2 has no such name any more, so it is lent one for as long.
"""

import numpy as np

KNOWN = (
    "AddToBrightness",
    "AdditiveGaussianNoise",
    "Affine",
    "AverageBlur",
    "ContrastNormalization",
    "ElasticTransformation",
    "Flipud",
    "GammaContrast",
    "GaussianBlur",
    "Grayscale",
    "JpegCompression",
    "LinearContrast",
    "MedianBlur",
    "MotionBlur",
    "Multiply",
    "MultiplyBrightness",
    "PerspectiveTransform",
    "SaltAndPepper",
    "Sharpen",
    "Add",
)


def import_imgaug():
    """imgaug's augmenters, on NumPy 1 or 2."""
    kinds = {
        "float": [np.float16, np.float32, np.float64],
        "int": [np.int8, np.int16, np.int32, np.int64],
        "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
    }
    lent = not hasattr(np, "sctypes")
    if lent:
        np.sctypes = kinds
    try:
        import imgaug.augmenters
    finally:
        if lent:
            del np.sctypes
    return imgaug.augmenters


class ImgaugStep:
    """One augmenter of imgaug.

    Args:
        name: of KNOWN.
        arguments: as in the configuration's `args`; lists become tuples, which imgaug takes for ranges.

    Raises:
        ValueError: unknown name, or arguments that imgaug does not take; it names them.
    """

    def __init__(self, name: str, arguments: dict):
        if name not in KNOWN:
            raise ValueError(f"augmenter {name!r}; known are {['Fliplr', 'Resize', *KNOWN]}")
        self.name = name
        arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}
        try:
            self.augmenter = getattr(import_imgaug(), name)(**arguments)
        except Exception as error:  # imgaug checks with assert, among others
            raise ValueError(f"augmenter {name!r} of imgaug with {arguments}: {error}") from error

    def __call__(self, rng: np.random.Generator, image: np.ndarray, polygons: np.ndarray):
        """Picture (H, W, 3) and polygons (N, P, 2), both changed."""
        self.augmenter.seed_(int(rng.integers(1 << 31)))
        fixed = self.augmenter.to_deterministic()
        polygons = np.asarray(polygons, np.float32)
        changed = fixed.augment_image(np.ascontiguousarray(image))
        if not polygons.size:
            return changed, polygons
        from imgaug import Keypoint, KeypointsOnImage

        points = KeypointsOnImage([Keypoint(*p) for p in polygons.reshape(-1, 2)], image.shape)
        moved = fixed.augment_keypoints(points).to_xy_array()
        return changed, moved.reshape(polygons.shape).astype(np.float32)
