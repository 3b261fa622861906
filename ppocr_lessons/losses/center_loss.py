"""Center loss: features of one character keep together (chapter 3.2.3).

    L = mean over steps of |x_t - c(y_t)|^2,   y_t = the likeliest class of step t, the blank among them

Characters that look alike lie close in the feature space. Pulling each step's feature to the center of its class
leaves room between the classes.
"""

import numpy as np
import paddle
from paddle import nn


class CenterLoss(nn.Layer):
    """Squared distance of each step's feature to the center of the class that the net itself gives it.

    The chapter writes a sum over the steps; PaddleOCR, and this class, takes the mean over steps and lines.

    Args:
        num_classes: the blank among them.
        feat_dim: width of the features before the last layer.
        centers: (num_classes, feat_dim), or None for random ones.

    Shape:
        feats: (N, T, feat_dim)
        logits: (N, T, num_classes)
        returns: scalar

    Raises:
        ValueError: centers, features or logits of another shape.
    PaddleOCR: CenterLoss in ppocr/losses/center_loss.py. Its centers, like these, are fixed.
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
    """Mean feature of each class over all steps of the lines that were read correctly.

    Args:
        feats: (N, T, D) array.
        logits: (N, T, K) array.
        right: (N,) bool.
        classes: K.

    Returns: class to (D,); classes that came up nowhere are left out.
    PaddleOCR: tools/export_center.py.
    """
    feats, label = np.asarray(feats)[np.asarray(right)], np.asarray(logits)[np.asarray(right)].argmax(-1)
    return {int(k): feats[label == k].mean(0) for k in range(classes) if (label == k).any()}
