"""The three kinds of batch: what a loader or a stream of synthetic pictures hands to a training strategy."""

from typing import NamedTuple

import paddle


class DetBatch(NamedTuple):
    """A batch of the detector. All maps are (N, H, W) float32.

    Fields:
        images: (N, 3, H, W), normalized BGR.
        shrink_map: 1 inside the shrunk polygons.
        shrink_mask: 0 on text that must not count.
        threshold_map: 0.3 to 0.7, highest on the outline.
        threshold_mask: 1 in the band where the threshold is learned.
    """

    images: paddle.Tensor
    shrink_map: paddle.Tensor
    shrink_mask: paddle.Tensor
    threshold_map: paddle.Tensor
    threshold_mask: paddle.Tensor


class ClsBatch(NamedTuple):
    """A batch of the classifier: `images` (N, 3, H, W) in -1..1, BGR; `labels` (N,) int64."""

    images: paddle.Tensor
    labels: paddle.Tensor


class RecBatch(NamedTuple):
    """A batch of the recognizer.

    Fields:
        images: (N, 3, 32, W) in -1..1, BGR.
        labels: (N, L) int32 classes, padded with the blank.
        lengths: (N,) int64, length of each label.
    """

    images: paddle.Tensor
    labels: paddle.Tensor
    lengths: paddle.Tensor
