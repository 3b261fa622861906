"""Center loss: features of the same character are pulled together (chapter 3.2.3).

    L = mean over t of |x_t - c(y_t)|^2,   y_t = most probable class of time step t, including the blank

Characters that look similar are close to each other in the feature space. Pulling the feature of each time step to the
center of its class makes the classes compact, so that neighboring classes overlap less.
"""

import numpy as np
import paddle
from paddle import nn


class CenterLoss(nn.Layer):
    """Squared distance between the feature of each time step and the center of the class that the network predicts.

    The chapter writes a sum over the time steps. PaddleOCR, and this class, takes the mean over time steps and lines.

    Args:
        num_classes: number of classes, including the blank.
        feat_dim: width of the features before the last layer.
        centers: (num_classes, feat_dim) array of centers, or None for random ones. They are not trained. A row of NaN is a
            class without a center: its time steps are not pulled anywhere and count as a distance of 0.

    Shape:
        feats: (N, T, feat_dim)
        logits: (N, T, num_classes)
        returns: scalar

    Raises:
        ValueError: centers, features or logits of the wrong shape, or centers that are infinite or partly NaN.
    PaddleOCR: CenterLoss in ppocr/losses/center_loss.py, whose centers are fixed as well. There, classes that the file of
        centers does not contain keep random centers.
    Paper: Wen et al. 2016, "A discriminative feature learning approach for deep face recognition".
    """

    def __init__(self, num_classes: int, feat_dim: int, *, centers=None):
        super().__init__()
        shape = (num_classes, feat_dim)
        centers = paddle.randn(shape).numpy() if centers is None else np.asarray(centers, np.float32)
        if centers.shape != shape:
            raise ValueError(f"centers have shape {centers.shape}; {shape} is needed")
        known = np.logical_not(np.all(np.isnan(centers), axis=1))
        if not np.isfinite(centers[known]).all():
            raise ValueError(
                "centers have values that are not finite; a class without a center has a row of NaN"
            )
        self.register_buffer(
            "centers", paddle.to_tensor(np.where(known[:, None], centers, 0).astype(np.float32))
        )
        self.register_buffer("known", paddle.to_tensor(known.astype(np.float32)))

    def forward(self, feats, logits):
        classes, width = self.centers.shape
        if feats.shape[-1] != width or logits.shape[-1] != classes:
            raise ValueError(
                f"features of {feats.shape[-1]} and {logits.shape[-1]} classes; {width} and {classes} are needed"
            )
        feats = feats.reshape([-1, width])  # (N, T, D) -> (N T, D)
        label = logits.argmax(-1).flatten()
        distances = ((feats - paddle.gather(self.centers, label)) ** 2).sum(-1)
        return (distances * paddle.gather(self.known, label)).mean()
