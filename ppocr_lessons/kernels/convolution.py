"""Convolution and transposed convolution, computed as matrix products in training on a CPU."""

import paddle.nn.functional as F
from paddle import nn

from .products import Interleaved, Pointwise, ProductsCPU, Shifted
from .training import usable

KINDS = {(1, 1): Pointwise, (3, 3): Shifted}
"""Class that places the products, by the size of the kernel. For other sizes Paddle's operator is used."""

WIDEST = 4
"""Largest ratio of output channels to input channels for 3x3 kernels. Above it Paddle's operator is used, because its
unfolded input is smaller than the nine products for the outputs."""


def _usable(layer, x) -> bool:
    """Whether products may be used for a layer and its input, apart from conditions on kernel, stride and padding."""
    return (
        usable(layer, x)
        and list(layer._dilation) == [1, 1]
        and layer._groups == 1
        and layer._data_format == "NCHW"
        and x.ndim == 4
        and 0 not in x.shape
    )


class Conv2D(nn.Conv2D):
    """Paddle's Conv2D, faster in training on a CPU for 1x1 and 3x3 kernels that keep the size of the map.

    It has Paddle's parameters and arguments, and Paddle's class name, from which Paddle derives parameter names. With
    strides and other sizes, on a GPU, in evaluation and in exported networks it uses Paddle's convolution. The results
    agree to 1e-5.

    Shape:
        x: (N, in_channels, H, W)
        returns: as Paddle's
    """

    def _kind(self, x):
        """Class that places the products, or None if Paddle's operator has to be used."""
        half = self._kernel_size[0] // 2
        fits = (
            _usable(self, x)
            and list(self._stride) == [1, 1]
            and self._padding in (half, [half, half])
            and self._padding_mode == "zeros"
            and (half == 0 or self.weight.shape[0] <= WIDEST * self.weight.shape[1])
        )
        return KINDS.get(tuple(self._kernel_size)) if fits else None

    def filter(self, x, weight, bias):
        """Convolve with a given weight, for example the rounded weight in quantization.

        Args:
            x: (N, C, H, W).
            weight: (C', C, k, k).
            bias: (C',) or None.
        """
        kind = self._kind(x)
        if kind is None:
            return F.conv2d(x, weight, bias, self._stride, self._padding, self._dilation, self._groups)
        return ProductsCPU.apply(x, weight, bias, kind)

    def forward(self, x):
        kind = self._kind(x)
        return super().forward(x) if kind is None else ProductsCPU.apply(x, self.weight, self.bias, kind)


class Conv2DTranspose(nn.Conv2DTranspose):
    """Paddle's Conv2DTranspose, faster in training on a CPU for square kernels whose size is the stride.

    It has Paddle's parameters, arguments and class name. With other kernels, strides and paddings, on a GPU, in
    evaluation and in exported networks it uses Paddle's operator. The results agree to 1e-5.

    Shape:
        x: (N, in_channels, H, W)
        returns: (N, out_channels, stride H, stride W) without overlap
    """

    def forward(self, x, output_size=None):
        fits = (
            output_size is None
            and _usable(self, x)
            and list(self._stride) == list(self._kernel_size) == [self._kernel_size[0]] * 2
            and self._padding in (0, [0, 0])
            and self.output_padding in (0, [0, 0])
        )
        if fits:
            return ProductsCPU.apply(x, self.weight, self.bias, Interleaved)
        return super().forward(x, output_size)
