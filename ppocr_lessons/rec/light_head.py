"""Light head: neck and head of the recognizer with a small sequence dimension (chapter 2.3.1).

With 6625 characters the last layer has most of the weights: 2 x 256 x 6625 parameters after an LSTM of width 256 and
2 x 48 x 6625 after one of width 48. PP-OCR uses 48.
"""

from paddle import ParamAttr, nn
from paddle.nn.initializer import Uniform
from paddle.regularizer import L2Decay


class Im2Seq(nn.Layer):
    """Convert a feature map of height 1 to a sequence.

    Shape:
        x: (N, C, 1, T)
        returns: (N, T, C)

    Raises:
        ValueError: the height is not 1.
    """

    def forward(self, x):
        if x.shape[2] != 1:
            raise ValueError(f"features of height {x.shape[2]}; a height of 1 is needed, is the input 32 px?")
        return x.squeeze(2).transpose((0, 2, 1))  # (N, C, 1, T) -> (N, C, T) -> (N, T, C)


class BiLSTM(nn.Layer):
    """Two bidirectional LSTM layers.

    Args:
        in_channels: width of the input.
        hidden_size: width of one direction; the output has twice this width.

    Shape:
        x: (N, T, in_channels)
        returns: (N, T, 2 hidden_size)
    """

    def __init__(self, in_channels: int, hidden_size: int):
        super().__init__()
        self.lstm = nn.LSTM(in_channels, hidden_size, num_layers=2, direction="bidirectional")

    def forward(self, x):
        return self.lstm(x)[0]


class SequenceEncoder(nn.Layer):
    """Feature map to sequence, then two bidirectional LSTM layers.

    Args:
        in_channels: width of the feature map.
        hidden_size: width of one direction, called sequence dimension in the chapter. The output has twice this width,
            which the 6.7 MB that the chapter gives for 256 do not include.

    Shape:
        x: (N, in_channels, 1, T)
        returns: (N, T, 2 hidden_size)

    Raises:
        ValueError: the height of x is not 1.
    Claim: 256 -> 48 takes the model from 23 MB to 4.6 MB (chapter 2.3.1).
    PaddleOCR: SequenceEncoder "rnn" in ppocr/modeling/necks/rnn.py.
    """

    def __init__(self, in_channels: int, hidden_size: int):
        super().__init__()
        self.out_channels = 2 * hidden_size
        self.encoder_reshape = Im2Seq()
        self.encoder = BiLSTM(in_channels, hidden_size)

    def forward(self, x):
        return self.encoder(self.encoder_reshape(x))


def _linear(in_channels, out_channels, l2):
    bound = in_channels**-0.5
    attr = ParamAttr(initializer=Uniform(-bound, bound), regularizer=L2Decay(l2))
    return nn.Linear(in_channels, out_channels, weight_attr=attr, bias_attr=attr)


class CTCHead(nn.Layer):
    """From sequence features to one logit per class and time step.

    Args:
        in_channels: width of the sequence features.
        classes: number of characters plus one for the blank.
        mid_channels: width of an additional linear layer without activation (PP-OCRv2); None for a single layer.
        fc_decay: L2 factor of the weights and biases, instead of the factor of the optimizer.

    Shape:
        x: (N, T, in_channels)
        returns: logits (N, T, classes), and the input of the last layer, (N, T, mid_channels) or x itself

    `feature_channels` is the width of these features.

    Raises:
        ValueError: fc_decay is negative.
    PaddleOCR: CTCHead in ppocr/modeling/heads/rec_ctc_head.py, which returns probabilities in evaluation mode, and
        features only with return_feats.
    """

    def __init__(
        self, in_channels: int, classes: int, *, mid_channels: int | None = None, fc_decay: float = 4e-4
    ):
        super().__init__()
        if not fc_decay >= 0:
            raise ValueError(f"fc_decay is {fc_decay}; 0 or more is needed")
        self.mid_channels = mid_channels
        self.feature_channels = mid_channels or in_channels
        if mid_channels is None:
            self.fc = _linear(in_channels, classes, fc_decay)
        else:
            self.fc1 = _linear(in_channels, mid_channels, fc_decay)
            self.fc2 = _linear(mid_channels, classes, fc_decay)

    def forward(self, x):
        if self.mid_channels is None:
            return self.fc(x), x
        feats = self.fc1(x)
        return self.fc2(feats), feats


def head_parameters(hidden_size: int, classes: int, mid_channels: int | None = None) -> dict[str, int]:
    """Number of parameters of each part of the head, as a formula.

    A single layer has a block of hidden_size rows of weights for each direction of the LSTM. The bias is counted with the
    second block.

    Args:
        hidden_size: width of one direction of the LSTM.
        classes: number of characters plus one for the blank.
        mid_channels: width of the additional layer, or None.

    Returns: parameters by name of the part. With an additional layer its parts are "middle layer" and "last layer".
    """
    if mid_channels is None:
        half = hidden_size * classes
        return {"last layer, forward half": half, "last layer, backward half": half + classes}
    return {
        "middle layer": (2 * hidden_size + 1) * mid_channels,
        "last layer": (mid_channels + 1) * classes,
    }
