"""Center loss: features of the same character are pulled together (chapter 3.2.3).

    L = mean over t of |x_t - c(y_t)|^2,   y_t = most probable class of time step t, including the blank

Characters that look similar are close to each other in the feature space. Pulling the feature of each time step to the
center of its class increases the distance between classes.
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
        centers: (num_classes, feat_dim) array of centers, or None for random ones. They are not trained.

    Shape:
        feats: (N, T, feat_dim)
        logits: (N, T, num_classes)
        returns: scalar

    Raises:
        ValueError: centers, features or logits of the wrong shape.
    PaddleOCR: CenterLoss in ppocr/losses/center_loss.py, whose centers are fixed as well.
    Paper: Wen et al. 2016, "A discriminative feature learning approach for deep face recognition".
    """

    def __init__(self, num_classes: int, feat_dim: int, *, centers=None):
        super().__init__()
        shape = (num_classes, feat_dim)
        centers = (
            paddle.randn(shape) if centers is None else paddle.to_tensor(np.asarray(centers, np.float32))
        )
        if tuple(centers.shape) != shape:
            raise ValueError(f"centers have shape {tuple(centers.shape)}; {shape} is needed")
        self.register_buffer("centers", centers)

    def forward(self, feats, logits):
        classes, width = self.centers.shape
        if feats.shape[-1] != width or logits.shape[-1] != classes:
            raise ValueError(
                f"features of {feats.shape[-1]} and {logits.shape[-1]} classes; {width} and {classes} are needed"
            )
        feats = feats.reshape([-1, width])  # (N, T, D) -> (N T, D)
        label = logits.argmax(-1).flatten()
        return ((feats - paddle.gather(self.centers, label)) ** 2).sum(-1).mean()


def class_centers(feats, logits, right, classes: int) -> dict[int, np.ndarray]:
    """Mean feature of each class over all time steps of the lines that were recognized correctly.

    Args:
        feats: (N, T, D) features.
        logits: (N, T, K) logits.
        right: (N,) bool, whether the line was recognized correctly.
        classes: number of classes, K.

    Returns: (D,) centers by class; without the classes that do not occur.
    PaddleOCR: tools/export_center.py.
    """
    feats, label = np.asarray(feats)[np.asarray(right)], np.asarray(logits)[np.asarray(right)].argmax(-1)
    return {int(k): feats[label == k].mean(0) for k in range(classes) if (label == k).any()}
