"""The three types of batch, which loaders and synthetic streams yield and training strategies consume."""

from typing import NamedTuple

import paddle


class DetBatch(NamedTuple):
    """A batch of the detector. All maps are (N, H, W) float32.

    Fields:
        images: (N, 3, H, W) float32, normalized BGR.
        shrink_map: 1 inside the shrunk polygons, 0 outside.
        shrink_mask: 0 on ignored texts, 1 elsewhere.
        threshold_map: 0.3 to 0.7, highest on the outline.
        threshold_mask: 1 in the band where the threshold is learned, 0 elsewhere.
    """

    images: paddle.Tensor
    shrink_map: paddle.Tensor
    shrink_mask: paddle.Tensor
    threshold_map: paddle.Tensor
    threshold_mask: paddle.Tensor


class ClsBatch(NamedTuple):
    """A batch of the direction classifier.

    Fields:
        images: (N, 3, H, W) float32 in -1..1, BGR.
        labels: (N,) int64 class indices, or (N, K) float32 shares of the classes after Mixup or CutMix.
    """

    images: paddle.Tensor
    labels: paddle.Tensor


class RecBatch(NamedTuple):
    """A batch of the recognizer.

    Fields:
        images: (N, 3, 32, W) float32 in -1..1, BGR.
        labels: (N, L) int32 class indices, padded with the blank (0).
        lengths: (N,) int64, number of characters of each label.
    """

    images: paddle.Tensor
    labels: paddle.Tensor
    lengths: paddle.Tensor
