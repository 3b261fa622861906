"""Image operations of RandAugment and AutoAugment, compiled with numba; the plain form is in augment/image_operations.py.

For a small line Pillow spends most of its time converting the array, and its shear interpolates in two directions where
one is enough. All results equal Pillow's: floating-point sums are rounded and truncated at the same steps.
"""

import math

import numpy as np

from .compiled import loop

FILL = 128
"""Gray level for pixels that a shear or a translation leaves empty, GRAY in augment/image_operations.py."""


def operate_compiled(plain, image, name: str, value: float) -> np.ndarray:
    """Compiled form of `operate`.

    Args:
        plain: the same with Pillow, for rotation and for unknown names, which raise an error there.
        image: (H, W, 3) uint8 RGB.
        name: of the operation.
        value: of the operation.

    Returns: a new array, (H, W, 3) uint8 RGB.
    """
    if name in ("shearX", "shearY"):
        return _shear(np.ascontiguousarray(image), float(value), name == "shearX")
    if name in ("translateX", "translateY"):
        return _translated(image, name == "translateX", value)
    if name in ("color", "sharpness"):
        blend = _blend_with_gray if name == "color" else _blend_with_smooth
        return blend(np.ascontiguousarray(image), np.float32(value))
    if name == "posterize":
        return image & np.uint8(256 - (1 << (8 - int(value))))
    if name == "invert":
        return 255 - image
    if name not in TABLES:
        return plain(image, name, value)
    image = np.ascontiguousarray(image)
    return _look_up(image, TABLES[name](image, value))


def _translated(image, along_x, value):
    height, width = image.shape[:2]
    columns, rows = (math.floor(0.5 + value * width), 0) if along_x else (0, math.floor(0.5 + value * height))
    out = np.full(image.shape, FILL, np.uint8)
    to_y, to_x = slice(max(0, -rows), height - max(0, rows)), slice(max(0, -columns), width - max(0, columns))
    from_y, from_x = (
        slice(max(0, rows), height + min(0, rows)),
        slice(max(0, columns), width + min(0, columns)),
    )
    out[to_y, to_x] = image[from_y, from_x]
    return out


@loop
def _shear(image, tangent, along_x):
    """Cubic interpolation with a = -0.5 along one axis, in double precision like Pillow's, truncated to whole levels."""
    height, width = image.shape[:2]
    out = np.empty(image.shape, np.uint8)
    last = (width if along_x else height) - 1
    for y in range(height):
        for x in range(width):
            place = (x + 0.5) + tangent * (y + 0.5) if along_x else tangent * (x + 0.5) + (y + 0.5)
            if place < 0 or place >= last + 1:
                out[y, x, 0] = out[y, x, 1] = out[y, x, 2] = FILL
                continue
            start = math.floor(place - 0.5)
            share = place - 0.5 - start
            i0, i1 = max(start - 1, 0), max(start, 0)
            i2, i3 = min(start + 1, last), min(start + 2, last)
            for channel in range(3):
                if along_x:
                    v0, v1 = float(image[y, i0, channel]), float(image[y, i1, channel])
                    v2, v3 = float(image[y, i2, channel]), float(image[y, i3, channel])
                else:
                    v0, v1 = float(image[i0, x, channel]), float(image[i1, x, channel])
                    v2, v3 = float(image[i2, x, channel]), float(image[i3, x, channel])
                linear, square, cubic = v2 - v0, 2 * (v0 - v1) + v2 - v3, -v0 + v1 - v2 + v3
                level = v1 + share * (linear + share * (square + share * cubic))
                # Conditional expressions are several times faster than `min` and `max` of floats.
                level = level if level > 0 else 0.0
                out[y, x, channel] = np.uint8(level if level < 255 else 255.0)
    return out


@loop
def _blend(first, second, share):
    """first + share * (second - first) in float32, truncated to a whole level in 0..255."""
    level = np.float32(first) + share * np.float32(second - first)
    level = level if level > np.float32(0) else np.float32(0)
    return np.uint8(level if level < np.float32(255) else np.float32(255))


@loop
def _gray(red, green, blue):
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16


@loop
def _blend_with_gray(image, share):
    out = np.empty(image.shape, np.uint8)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            red, green, blue = np.int64(image[y, x, 0]), np.int64(image[y, x, 1]), np.int64(image[y, x, 2])
            gray = _gray(red, green, blue)
            out[y, x, 0] = _blend(gray, red, share)
            out[y, x, 1] = _blend(gray, green, share)
            out[y, x, 2] = _blend(gray, blue, share)
    return out


@loop
def _blend_with_smooth(image, share):
    """Blend with the mean of 3 x 3 pixels, where the center has weight 5; pixels at the border stay unchanged."""
    height, width = image.shape[:2]
    out = image.copy()
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            for channel in range(3):
                here = np.int64(image[y, x, channel])
                total = 4 * here
                for row in range(y - 1, y + 2):
                    total += (
                        np.int64(image[row, x - 1, channel])
                        + np.int64(image[row, x, channel])
                        + np.int64(image[row, x + 1, channel])
                    )
                out[y, x, channel] = _blend((2 * total + 13) // 26, here, share)
    return out


@loop
def _look_up(image, tables):
    out = np.empty(image.shape, np.uint8)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            for channel in range(3):
                out[y, x, channel] = tables[channel, image[y, x, channel]]
    return out


def _solarize(image, value):
    levels = np.arange(256)
    return np.tile(np.where(levels < math.ceil(value), levels, 255 - levels).astype(np.uint8), (3, 1))


def _brightness(image, value):
    return _blend_table(0, np.float32(value))


def _contrast(image, value):
    return _blend_table(
        int(_sum_of_grays(image) / (image.shape[0] * image.shape[1]) + 0.5), np.float32(value)
    )


def _autocontrast(image, value):
    return _stretch_table(_histograms(image))


def _equalize(image, value):
    return _equal_table(_histograms(image))


TABLES = {
    "solarize": _solarize,
    "brightness": _brightness,
    "contrast": _contrast,
    "autocontrast": _autocontrast,
    "equalize": _equalize,
}
"""Functions (image, value) that compute the (3, 256) table of the new level for each level of each channel."""


@loop
def _blend_table(level, share):
    tables = np.empty((3, 256), np.uint8)
    for index in range(256):
        tables[:, index] = _blend(level, index, share)
    return tables


@loop
def _sum_of_grays(image):
    total = 0
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            total += _gray(np.int64(image[y, x, 0]), np.int64(image[y, x, 1]), np.int64(image[y, x, 2]))
    return total


@loop
def _histograms(image):
    counts = np.zeros((3, 256), np.int64)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            for channel in range(3):
                counts[channel, image[y, x, channel]] += 1
    return counts


@loop
def _stretch_table(counts):
    """Table that maps the darkest level of each channel to 0 and the brightest to 255."""
    tables = np.empty((3, 256), np.uint8)
    for channel in range(3):
        present = np.nonzero(counts[channel])[0]
        low, high = present[0], present[-1]
        for level in range(256):
            scale = 255.0 / (high - low) if high > low else 1.0
            offset = -low * scale if high > low else 0.0
            tables[channel, level] = np.uint8(min(max(level * scale + offset, 0.0), 255.0))
    return tables


@loop
def _equal_table(counts):
    """Table that makes the levels of each channel about equally frequent (histogram equalization)."""
    tables = np.empty((3, 256), np.uint8)
    for channel in range(3):
        present = np.nonzero(counts[channel])[0]
        step = (counts[channel].sum() - counts[channel, present[-1]]) // 255
        before = step // 2
        for level in range(256):
            tables[channel, level] = min(before // step, 255) if step else level
            before += counts[channel, level]
    return tables
