"""A frozen detector that teaches through the inference engine: on a CPU several times as fast as the net itself."""

from collections.abc import Callable

import paddle

from ..det.db_head import DBMaps
from ..losses.combined import NetOutput
from .predictor import Predictor


def fast_teacher(net) -> Callable:
    """Function from a batch of images to the net's answer, as `Combined.shortcuts` takes it.

    Args:
        net: a trained DBNet; exported to the cache as it is now, so what it learns afterwards does not count.

    Shape:
        images: (N, 3, H, W)
        returns: NetOutput with DBMaps of prob (N, 1, H, W) alone, no features
    """
    predictor = Predictor(net, device="cpu")

    def answer(images) -> NetOutput:
        return NetOutput(DBMaps(paddle.to_tensor(predictor(images.numpy()))), None)

    return answer
