"""A frozen teacher that runs in the inference engine, which is faster on a CPU than the network itself."""

from collections.abc import Callable

import paddle

from ..det.db_head import DBMaps
from ..losses.combined import NetOutput
from .predictor import Predictor


def fast_teacher(net) -> Callable:
    """Function from a batch of images to the outputs of a network, for `Combined.shortcuts`.

    Args:
        net: trained DBNet. It is exported to the cache immediately, so later changes of its weights have no effect.

    Shape:
        images: (N, 3, H, W)
        returns: NetOutput with DBMaps that contain only prob (N, 1, H, W), and without features
    """
    predictor = Predictor(net, device="cpu")

    def answer(images) -> NetOutput:
        return NetOutput(DBMaps(paddle.to_tensor(predictor(images.numpy()))), None)

    return answer
