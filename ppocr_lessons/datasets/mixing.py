"""Mixup and CutMix on batches of a classifier: they combine two images, so the loader's batches are mixed."""

from collections.abc import Callable

import paddle

from ..augment.cutmix import CutMix
from ..augment.mixup import Mixup, one_hot
from .batches import ClsBatch
from .seeding import rng_for


def mixed(
    batch_at: Callable[[int], ClsBatch], mix: Mixup | CutMix, *, classes: int, seed: int
) -> Callable[[int], ClsBatch]:
    """Mix every batch of a loader.

    Args:
        batch_at: function from the number of a batch to the batch, such as `Loader.batch_at`.
        mix: what is done to each batch.
        classes: number of classes K.
        seed: of the random numbers, together with the number of the batch.

    Returns: the same function with mixed images and with labels of shape (N, K), as the trainer takes it.
    """

    def mixed_at(number: int) -> ClsBatch:
        images, labels = batch_at(number)
        # The loader calls rng_for with one or two integers; four give mixing a random stream of its own.
        images, shares = mix(rng_for(seed, number, 0, 0), images.numpy(), one_hot(labels.numpy(), classes))
        return ClsBatch(paddle.to_tensor(images), paddle.to_tensor(shares))

    return mixed_at
