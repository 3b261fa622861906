"""An affine transform equal to cv2.warpAffine and twice as fast; the plain form is in augment/geometry.py.

OpenCV rounds source positions to 1/32 pixel and interpolates in integers, so the result can be reproduced exactly. It
loads each of the twelve bytes of a pixel's four neighbors separately. Here two loads of eight bytes fetch them, and
four vector instructions of x86 processors weight them; other processors use the plain form. In each row, the pixels
whose neighbors are all inside the picture form one run; only the pixels around this run need checks.
"""

import functools
import platform

import cv2
import numpy as np
from llvmlite import binding, ir
from numba import config, njit, types
from numba.extending import intrinsic

from .compiled import loop

STEPS = 32
"""Interpolation steps per pixel, on each axis."""

FRACTION = 1024
"""Fixed-point units per pixel in which source positions are computed, before they are rounded to STEPS."""

LARGEST = 32767
"""Longest side in pixels; OpenCV keeps pixel positions in 16 bits."""

FARTHEST = 2.0**20
"""Bound of the source positions in pixels, so that positions in units of 1 / FRACTION fit in 32 bits."""

LINE = 64
"""Size of a cache line in bytes."""

_SHARES = np.stack([STEPS - np.arange(STEPS), np.arange(STEPS)], 1)
ACROSS = np.tile(_SHARES, 8).astype(np.int8)
"""Weights of the left and the right neighbor for each position, eight times: one vector of 16 bytes."""

DOWN = np.tile(_SHARES, 4).astype(np.int16)
"""Weights of the upper and the lower neighbor for each position, four times: one vector of 16 bytes."""


def warp_affine_compiled(plain, image, matrix, size, out) -> np.ndarray:
    """Compiled form of `warp_affine`.

    Args:
        plain: the same with OpenCV, for inputs that the kernel does not support.
        image: (H, W, 3) uint8.
        matrix: (2, 3) float64, from pixel centers of the image to pixel centers of the result.
        size: (height, width) of the result in pixels.
        out: array of that size to write to, which must not overlap the image, or None for a new array.

    Returns: (height, width, 3) uint8.
    """
    result = np.empty((*size, 3), np.uint8) if out is None else out
    spans = np.tile(np.int64([0, size[1]]), (size[0], 1))
    return result if move(image, matrix, result, spans, False) else plain(image, matrix, size, out)


def move(image, matrix, out, spans, replicate: bool) -> bool:
    """Write the pixels of cv2.warpAffine to a part of each row.

    Args:
        image: (H, W, 3) uint8.
        matrix: (2, 3) float64, from pixel centers of the image to pixel centers of the result.
        out: (h, w, 3) uint8, which is changed in place.
        spans: (h, 2) int64, for each row the first pixel to write and the end (exclusive).
        replicate: repeat the border pixels outside the image; otherwise the outside is black.

    Returns: True if the pixels were written; False if the input is not supported and nothing was written.
    """
    known = _takes(image, image.shape[:2]) and _takes(out, out.shape[:2]) and _equals_opencv()
    inverse = _inverse(matrix) if known else None
    if inverse is None or _reach(inverse, out.shape) > FARTHEST:
        return False
    _move(image, inverse, out, spans, replicate, ACROSS, DOWN)
    return True


def _takes(image, size):
    return (
        image.dtype == np.uint8
        and image.shape == (*size, 3)
        and image.strides[1:] == (3, 1)
        and min(size) > 0
        and max(size) <= LARGEST
        and 0 < image.strides[0] * size[0] < 2**31
    )


def _inverse(matrix):
    """The inverse as six numbers, computed by the same operations as in OpenCV; None for a singular matrix."""
    (a, b, x), (c, d, y) = np.asarray(matrix, np.float64).tolist()
    if not (determinant := a * d - b * c):
        return None
    scale = 1 / determinant
    a, b, c, d = d * scale, b * -scale, c * -scale, a * scale
    return np.array([a, b, -a * x - b * y, c, d, -c * x - d * y])


def _reach(inverse, size):
    """Bound of the source positions in pixels."""
    height, width = size[:2]
    a, b, x, c, d, y = np.abs(inverse).tolist()
    return max(a * width + b * height + x, c * width + d * height + y)


@functools.cache
def _equals_opencv() -> bool:
    """Whether the kernel can run on this processor and equals the installed OpenCV on an example."""
    host = (
        config.CPU_NAME is None and config.CPU_FEATURES is None and platform.machine() in ("x86_64", "AMD64")
    )
    if not (host and binding.get_host_cpu_features()["ssse3"]):
        return False
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    matrix = np.array([[1.1, 0.2, -8.3], [-0.3, 1.2, 5.7]])
    ours = np.empty((48, 64, 3), np.uint8)
    _move(image, _inverse(matrix), ours, np.tile(np.int64([0, 64]), (48, 1)), False, ACROSS, DOWN)
    return np.array_equal(ours, cv2.warpAffine(image, matrix, (64, 48), flags=cv2.INTER_LINEAR))


@intrinsic
def _blend(typingctx, upper, lower, across, down, target):
    """Write one pixel, and a byte after it. All arguments are addresses: of the upper left and the lower left neighbor,
    of a row of ACROSS and a row of DOWN, and of the pixel."""
    byte, short, integer = ir.IntType(8), ir.IntType(16), ir.IntType(32)
    vector = ir.VectorType

    def generate(context, builder, signature, args):
        def load(address, kind):
            value = builder.load(builder.inttoptr(address, kind.as_pointer()))
            value.align = 1
            return value

        def pick(one, other, places):
            return builder.shuffle_vector(one, other, ir.Constant(vector(integer, len(places)), places))

        def call(name, result, *values):
            kind = ir.FunctionType(result, [value.type for value in values])
            return builder.call(builder.module.declare_intrinsic(name, (), kind), values)

        upper, lower, across, down, target = args
        rows = load(upper, vector(byte, 8)), load(lower, vector(byte, 8))
        # Left and right neighbor of each channel side by side; a fourth channel is filled with copies.
        pairs = pick(*rows, [0, 3, 1, 4, 2, 5, 2, 5, 8, 11, 9, 12, 10, 13, 10, 13])
        lines = call(
            "llvm.x86.ssse3.pmadd.ub.sw.128", vector(short, 8), pairs, load(across, vector(byte, 16))
        )
        pairs = pick(lines, lines, [0, 4, 1, 5, 2, 6, 3, 7])
        sums = call("llvm.x86.sse2.pmadd.wd", vector(integer, 4), pairs, load(down, vector(short, 8)))
        half, shift = (ir.Constant(sums.type, [number] * 4) for number in (STEPS * STEPS // 2, 10))
        pixel = builder.trunc(builder.lshr(builder.add(sums, half), shift), vector(byte, 4))
        builder.store(pixel, builder.inttoptr(target, pixel.type.as_pointer())).align = 1
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), generate


@loop
def _checked(image, out, y, x, across, down, replicate):
    """Write one pixel whose neighbors may be outside the image: black, or with `replicate` the nearest pixel."""
    height, width = image.shape[:2]
    column, row = across >> 10, down >> 10
    across, down = (across >> 5) & 31, (down >> 5) & 31
    red = green = blue = STEPS * STEPS // 2
    for lower in range(2):
        of_row, source_row = (down if lower else STEPS - down), row + lower
        if replicate:
            source_row = min(max(source_row, 0), height - 1)
        for right in range(2):
            share, source = of_row * (across if right else STEPS - across), column + right
            if replicate:
                source = min(max(source, 0), width - 1)
            if 0 <= source_row < height and 0 <= source < width:
                red += share * image[source_row, source, 0]
                green += share * image[source_row, source, 1]
                blue += share * image[source_row, source, 2]
    out[y, x, 0], out[y, x, 1], out[y, x, 2] = red >> 10, green >> 10, blue >> 10


@loop
def _crossing(steps, start, stop, limit):
    """Index of the first step beyond a limit, by binary search; the steps rise or fall monotonically."""
    rises = steps[stop - 1] >= steps[start]
    while start < stop:
        middle = (start + stop) // 2
        if (steps[middle] >= limit) == rises:
            stop = middle
        else:
            start = middle + 1
    return start


@loop
def _run(across, down, start, stop, x, y, low, right, bottom):
    """First pixel and end (exclusive) of the run in start..stop whose upper left neighbor is in columns low..right - 1
    and rows low..bottom - 1. Positions rise or fall monotonically along a row, so there is only one run."""
    inside = True
    for pixel in (start, stop - 1):
        column, row = (x + across[pixel]) >> 10, (y + down[pixel]) >> 10
        inside = inside and low <= column < right and low <= row < bottom
    if inside:
        return start, stop
    first, end = start, stop
    for steps, origin, limit in ((across, x, right), (down, y, bottom)):
        one = _crossing(steps, start, stop, low * FRACTION - origin)
        other = _crossing(steps, start, stop, max(low, limit) * FRACTION - origin)
        first, end = max(first, min(one, other)), min(end, max(one, other))
    return first, max(first, end)


@loop
def _locate(across, down, x, y, pitch, places, lefts, uppers):
    """Write the byte offset in the image, in ACROSS and in DOWN for each pixel. All numbers have 32 bits, so that the
    loop is vectorized."""
    x, y, pitch = np.int32(x), np.int32(y), np.int32(pitch)
    channels, whole, part, last, size = np.int32(3), np.int32(10), np.int32(5), np.int32(31), np.int32(16)
    for index in range(len(across)):
        column, row = np.int32(x + across[index]), np.int32(y + down[index])
        places[index] = np.int32(row >> whole) * pitch + np.int32(column >> whole) * channels
        lefts[index] = np.int32(np.int32(column >> part) & last) * size
        uppers[index] = np.int32(np.int32(row >> part) & last) * size


@loop
def _touch(image, inverse, tall, wide):
    """Read the part of the image that a result of `tall` x `wide` pixels shows into the cache, in the order of memory.

    The rows of the result cross those of the image at an angle, which the processor cannot prefetch, so each crossing
    would be a cache miss. If the part is already in the cache, this takes a hundredth of the time of the transform.
    """
    right, bottom = max(wide - 1, 0), max(tall - 1, 0)
    left = inverse[2] + min(inverse[0] * right, 0) + min(inverse[1] * bottom, 0)
    top = inverse[5] + min(inverse[3] * right, 0) + min(inverse[4] * bottom, 0)
    width = abs(inverse[0]) * right + abs(inverse[1]) * bottom + 2
    height = abs(inverse[3]) * right + abs(inverse[4]) * bottom + 2
    seen = 0
    for y in range(max(0, int(top)), min(image.shape[0], int(top + height))):
        row = image[y]
        for x in range(max(0, int(left)), min(image.shape[1], int(left + width)), LINE // 3):
            seen |= row[x, 0]
    return seen


@njit(
    [
        types.int64(
            types.Array(types.uint8, 3, "A", readonly=True), types.float64[::1], types.uint8[:, :, :],
            types.int64[:, ::1], types.boolean, types.int8[:, ::1], types.int16[:, ::1],
        )
    ],
    cache=True,
)  # fmt: skip
def _move(image, inverse, out, spans, replicate, across_shares, down_shares):
    """Write the pixels of `out` from spans[y, 0] to spans[y, 1] of each row y, and no others."""
    height, width = image.shape[:2]
    tall, wide = out.shape[:2]
    across, down = np.empty(wide, np.int32), np.empty(wide, np.int32)
    for x in range(wide):
        across[x] = int(np.rint(inverse[0] * x * FRACTION))
        down[x] = int(np.rint(inverse[3] * x * FRACTION))
    places, lefts, uppers = np.empty(wide, np.int32), np.empty(wide, np.int32), np.empty(wide, np.int32)
    image_at, out_at = np.int64(image.ctypes.data), np.int64(out.ctypes.data)
    lefts_at, uppers_at = np.int64(across_shares.ctypes.data), np.int64(down_shares.ctypes.data)
    pitch = image.strides[0]
    seen = _touch(image, inverse, tall, wide)
    for y in range(tall):
        # Half a step is added, so that truncating the positions rounds them.
        start_x = int(np.rint((inverse[1] * y + inverse[2]) * FRACTION)) + FRACTION // STEPS // 2
        start_y = int(np.rint((inverse[4] * y + inverse[5]) * FRACTION)) + FRACTION // STEPS // 2
        # Pixels from `near` to `far` have a neighbor in the image. From `first` to `end` they have four; there, loads
        # of eight bytes (into a third pixel) and stores of four bytes (into the next pixel) stay inside the arrays.
        start, stop = spans[y]
        if start == stop:
            continue
        near, far = start, stop
        if not replicate:
            near, far = _run(across, down, start, stop, start_x, start_y, -1, width, height)
        first, end = _run(across, down, start, stop, start_x, start_y, 0, width - 2, height - 1)
        end = min(end, stop - 1)
        if first >= end:
            first = end = near
        for x in range(start, near):
            out[y, x, 0] = out[y, x, 1] = out[y, x, 2] = 0
        for x in range(near, first):
            _checked(image, out, y, x, start_x + across[x], start_y + down[x], replicate)
        row_places, row_lefts, row_uppers = places[first:end], lefts[first:end], uppers[first:end]
        _locate(
            across[first:end], down[first:end], start_x, start_y, pitch, row_places, row_lefts, row_uppers
        )
        target = out_at + y * out.strides[0] + 3 * first
        for x in range(end - first):
            upper = image_at + row_places[x]
            _blend(upper, upper + pitch, lefts_at + row_lefts[x], uppers_at + row_uppers[x], target + 3 * x)
        for x in range(end, far):
            _checked(image, out, y, x, start_x + across[x], start_y + down[x], replicate)
        for x in range(far, stop):
            out[y, x, 0] = out[y, x, 1] = out[y, x, 2] = 0
    return seen  # the unused result keeps the compiler from removing `_touch`
