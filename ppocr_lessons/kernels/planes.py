"""Conversion of interleaved bytes to planes of normalized floats, compiled with numba.

It takes a sixth of the time of splitting the channels and looking up each with OpenCV, which is the form without numba;
see NormalizeImage in datasets/transforms.py. If the pixels of a row are contiguous, vectors of pixels are split into
channels and normalized by the formula of the table, so that the results are equal bit for bit. The compiler does not
vectorize a plain loop this way, so the vector operations are written explicitly, as LLVM code that works on all
processors.
"""

from .compiled import loop, njit

PIXELS = 8
"""Pixels that are normalized at once."""

if njit:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def _normalize(typingctx, pixels, planes, scale, means, stds):
        """Write (pixel * scale - mean) / std of PIXELS pixels. The pixels and the three planes are given as addresses;
        all triples are in the order of the channels in memory."""
        integer, single = ir.IntType(32), ir.FloatType()

        def generate(context, builder, signature, args):
            def pick(one, places):
                return builder.shuffle_vector(
                    one, one, ir.Constant(ir.VectorType(integer, PIXELS), list(places))
                )

            def spread(number):
                empty = ir.Constant(ir.VectorType(single, PIXELS), ir.Undefined)
                return pick(builder.insert_element(empty, number, ir.Constant(integer, 0)), [0] * PIXELS)

            pixels, planes, scale, means, stds = args
            kind = ir.VectorType(ir.IntType(8), 3 * PIXELS)
            pixels = builder.load(builder.inttoptr(pixels, kind.as_pointer()))
            pixels.align = 1
            for channel in range(3):
                plane, mean, std = (builder.extract_value(three, channel) for three in (planes, means, stds))
                values = builder.zext(
                    pick(pixels, range(channel, 3 * PIXELS, 3)), ir.VectorType(integer, PIXELS)
                )
                values = builder.sitofp(values, ir.VectorType(single, PIXELS))
                values = builder.fsub(builder.fmul(values, spread(scale)), spread(mean))
                values = builder.fdiv(values, spread(std))
                builder.store(values, builder.inttoptr(plane, values.type.as_pointer())).align = 4
            return context.get_dummy_value()

        floats = types.UniTuple(types.float32, 3)
        places = types.UniTuple(types.intp, 3)
        return types.void(types.intp, places, types.float32, floats, floats), generate


@loop
def _look_up(image, tables, sources, planes):
    """Write planes[p] = tables[p][image[..., sources[p]]]."""
    for y in range(image.shape[0]):
        pixels = image[y]
        for plane in range(len(sources)):
            source, table, row = sources[plane], tables[plane], planes[plane, y]
            for x in range(len(row)):
                row[x] = table[pixels[x, source]]


@loop
def _compute(image, scale, means, stds, into, planes):
    """Write planes[into[c]] = (image[..., c] * scale - means[c]) / stds[c], except for the last few columns."""
    height, width = image.shape[:2]
    first, second, third = into
    for y in range(height):
        pixels = image[y].ctypes.data
        rows = planes[first, y].ctypes.data, planes[second, y].ctypes.data, planes[third, y].ctypes.data
        for x in range(0, width - PIXELS + 1, PIXELS):
            at = rows[0] + 4 * x, rows[1] + 4 * x, rows[2] + 4 * x
            _normalize(pixels + 3 * x, at, scale, means, stds)


def _planes(image, tables, sources, planes, scale, mean, std) -> None:
    """Write planes[p] = tables[p][image[..., sources[p]]].

    Args:
        image: (H, W, C) uint8.
        tables: (P, 256) float32: (byte * scale - mean[p]) / std[p].
        sources: (P,) channel of the image that each plane comes from.
        planes: (P, H, W) float32, contiguous, written in place.
        scale: factor of the bytes, float32.
        mean: (P,) float32.
        std: (P,) float32.
    """
    done = 0
    if image.shape[2] == 3 and image.strides[1:] == (3, 1) and sorted(sources) == [0, 1, 2]:
        into = sources.argsort()
        _compute(image, scale, tuple(mean[into]), tuple(std[into]), tuple(into), planes)
        done = image.shape[1] // PIXELS * PIXELS
    if done < image.shape[1]:
        _look_up(image[:, done:], tables, sources, planes[:, :, done:])


look_up_planes = _planes if njit else None
"""Compiled form of `cv2.LUT` on each channel; None without numba."""
