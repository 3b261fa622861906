"""Convolutions for training on a CPU as matrix products, which NumPy's BLAS computes.

Paddle unfolds the input of a convolution, so that a 3x3 kernel needs a matrix nine times as large as the input, and
multiplies with MKL, which on non-Intel CPUs reaches a third of OpenBLAS's speed. Here the weights of all positions of
the kernel are multiplied by the original input in one product, and the results are placed on the map afterwards:

    3x3, stride 1    the nine products are shifted and added
    1x1              the product is the result
    2x2 transposed   the four products are interleaved without overlap

The backward pass reads the gradient from the same places and needs two products. Nothing here is compiled, so numba is not
needed. Maps are processed in strips that fit in the cache; the order of the sums is fixed.
"""

import itertools

import numpy as np
import paddle
from paddle.autograd import PyLayer

from .blas import one_thread
from .training import frozen, shared

STRIP = 1024
"""Pixels of a map that are multiplied at once: for 24 output channels, the nine products take 0.9 MB."""


class Places:
    """Convolution with a kernel of k x k positions; subclasses define where the products belong on the map.

    Args:
        size: (H, W) of the maps that are multiplied.
        weight: array in the shape of the layer's, (C', C, k, k), or (C, C', k, k) if it is transposed.

    Fields:
        channels: C', of the result.
        out_size: (H', W') of the result.
        matrix: (C' k k, C), the weight with one row for each product.
    """

    transposed = False

    def __init__(self, size, weight):
        if self.transposed:
            weight = weight.transpose(1, 0, 2, 3)
        self.height, self.width = size
        self.channels, self.kernel = len(weight), weight.shape[2]
        self.out_size = [side * self.kernel if self.transposed else side for side in size]
        self.matrix = weight.transpose(0, 2, 3, 1).reshape(-1, weight.shape[1])

    def gradient(self, matrix):
        """The gradient of the weight.

        Args:
            matrix: gradient of `matrix`, in its shape.

        Returns: array in the shape of the weight.
        """
        planes = matrix.reshape(self.channels, self.kernel, self.kernel, -1)
        return planes.transpose((3, 0, 1, 2) if self.transposed else (0, 3, 1, 2))

    def _place(self, products, first, end, out):
        """Write or add the products (C' k k, pixels) of the input rows first to end to a map (C', H', W')."""
        raise NotImplementedError

    def _collect(self, grad, first, end, products):
        """The reverse of `_place`: write the gradients of the products of these rows, read from that of a map."""
        raise NotImplementedError

    def _strips(self, batch):
        """Yield for each strip: index of the image, first row, end row, slice of pixels, memory for the products."""
        rows = min(self.height, max(1, STRIP // self.width))
        memory = np.empty(len(self.matrix) * rows * self.width, np.float32)
        for n, first in itertools.product(range(batch), range(0, self.height, rows)):
            end = min(first + rows, self.height)
            pixels = slice(first * self.width, end * self.width)
            count = len(self.matrix) * (pixels.stop - pixels.start)
            yield n, first, end, pixels, memory[:count].reshape(len(self.matrix), -1)

    def multiply(self, x, bias, out):
        """Compute the convolution.

        Args:
            x: (N, C, H, W).
            bias: (C',) or None.
            out: (N, C', H', W'), written.
        """
        flat = x.reshape(*x.shape[:2], -1)
        for n, first, end, pixels, products in self._strips(len(x)):
            np.matmul(self.matrix, flat[n, :, pixels], out=products)
            if bias is not None:
                by_channel = products.reshape(self.channels, -1)
                by_channel += bias[:, None]
            self._place(products, first, end, out[n])

    def multiply_back(self, x, grad, grad_x, grad_matrix):
        """Compute the gradients of the convolution, except those whose output argument is None.

        Args:
            x: (N, C, H, W).
            grad: (N, C', H', W').
            grad_x: in the shape of x, written, or None.
            grad_matrix: in the shape of the matrix, added to, or None.
        """
        flat = x.reshape(*x.shape[:2], -1)
        below = None if grad_x is None else grad_x.reshape(flat.shape)
        for n, first, end, pixels, products in self._strips(len(x)):
            self._collect(grad[n], first, end, products)
            if below is not None:
                np.matmul(self.matrix.T, products, out=below[n, :, pixels])
            if grad_matrix is not None:
                grad_matrix += products @ flat[n, :, pixels].T


class Pointwise(Places):
    """For a 1x1 kernel: the products are the result, so whole batches are multiplied directly into the output."""

    def multiply(self, x, bias, out):
        flat = x.reshape(*x.shape[:2], -1)
        np.matmul(self.matrix, flat, out=out.reshape(len(x), self.channels, -1))
        if bias is not None:
            out += bias[:, None, None]

    def multiply_back(self, x, grad, grad_x, grad_matrix):
        flat, above = x.reshape(*x.shape[:2], -1), grad.reshape(len(x), self.channels, -1)
        if grad_x is not None:
            np.matmul(self.matrix.T, above, out=grad_x.reshape(flat.shape))
        if grad_matrix is not None:
            for image, grad_image in zip(flat, above, strict=True):
                grad_matrix += grad_image @ image.T


class Shifted(Places):
    """For a k x k kernel with k odd, stride 1 and padding k // 2: the products are shifted by position and added."""

    def _shifts(self, first, end):
        """Yield for each position of the kernel: the rows' products that stay on the map, and their pixels there."""
        count, total, reach = (end - first) * self.width, self.height * self.width, self.kernel // 2
        for a, b in itertools.product(range(-reach, reach + 1), repeat=2):
            start = (first - a) * self.width - b
            low = min(count, max(0, -start))
            high = max(low, min(count, total - start))
            yield slice(low, high), slice(start + low, start + high)

    def _clear_sides(self, products, rows):
        """Set the products to 0 that a shift would move across the left or right side of the map into another row."""
        planes = products.reshape(self.channels, self.kernel, self.kernel, rows, self.width)
        for b in range(self.kernel):
            over = b - self.kernel // 2
            if over:
                planes[:, :, b, :, slice(over) if over > 0 else slice(over, None)] = 0

    def multiply(self, x, bias, out):
        out[:] = 0 if bias is None else bias[:, None, None]
        super().multiply(x, None, out)

    def _place(self, products, first, end, out):
        self._clear_sides(products, end - first)
        planes, flat = products.reshape(self.channels, self.kernel**2, -1), out.reshape(self.channels, -1)
        for position, (here, there) in enumerate(self._shifts(first, end)):
            flat[:, there] += planes[:, position, here]

    def _collect(self, grad, first, end, products):
        planes, flat = products.reshape(self.channels, self.kernel**2, -1), grad.reshape(self.channels, -1)
        for position, (here, there) in enumerate(self._shifts(first, end)):
            planes[:, position, : here.start] = 0
            planes[:, position, here] = flat[:, there]
            planes[:, position, here.stop :] = 0
        self._clear_sides(products, end - first)


class Interleaved(Places):
    """For a transposed convolution with a k x k kernel and stride k: the outputs of two pixels do not overlap."""

    transposed = True

    def _pairs(self, products, first, end, out):
        """Yield for each position of the kernel: its products and their pixels on the map, views (C', rows, W)."""
        k = self.kernel
        planes = products.reshape(self.channels, k, k, end - first, self.width)
        cells = out.reshape(self.channels, -1, k, self.width, k)[:, first:end]
        for a, b in itertools.product(range(k), repeat=2):
            yield planes[:, a, b], cells[:, :, a, :, b]

    def _place(self, products, first, end, out):
        for plane, pixels in self._pairs(products, first, end, out):
            pixels[:] = plane

    def _collect(self, grad, first, end, products):
        for plane, pixels in self._pairs(products, first, end, grad):
            plane[:] = pixels


class ProductsCPU(PyLayer):
    """Differentiable convolution on a CPU in float32, computed as matrix products.

    Shape:
        x: (N, C, H, W)
        weight: (C', C, k, k), or (C, C', k, k) with Interleaved
        bias: (C',) or None
        kind: a subclass of Places
        returns: (N, C', H, W), or (N, C', k H, k W) with Interleaved
    """

    @staticmethod
    def forward(ctx, x, weight, bias, kind):
        ctx.frozen = frozen(x, weight) if bias is None else frozen(x, weight, bias)
        x, weight = x.contiguous(), weight.contiguous()
        bias = None if bias is None else bias.contiguous()
        ctx.save_for_backward(x, weight)
        ctx.kind = kind
        places = kind(x.shape[2:], shared(weight))
        out = paddle.empty([x.shape[0], places.channels, *places.out_size], "float32")
        with one_thread():
            places.multiply(shared(x), None if bias is None else shared(bias), shared(out))
        return out

    @staticmethod
    def backward(ctx, grad_out):
        x, weight = ctx.saved_tensor()
        grad_out = grad_out.contiguous()
        grad, places = shared(grad_out), ctx.kind(x.shape[2:], shared(weight))
        skip_x, skip_weight, *skip_bias = ctx.frozen
        grad_x = None if skip_x else paddle.empty(x.shape, "float32")
        grad_matrix = None if skip_weight else np.zeros(places.matrix.shape, np.float32)
        with one_thread():
            places.multiply_back(shared(x), grad, None if skip_x else shared(grad_x), grad_matrix)
        grad_weight = None if skip_weight else paddle.to_tensor(places.gradient(grad_matrix))
        return (
            grad_x,
            grad_weight,
            *(None if skip else paddle.to_tensor(grad.sum((0, 2, 3))) for skip in skip_bias),
        )
