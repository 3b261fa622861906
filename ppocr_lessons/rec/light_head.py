"""The recognizer's neck and head, and the strategy of making them narrow (chapter 2.3.1).

With 6625 characters the last layer holds most of the weights: 2 x 256 x 6625 parameters behind an LSTM
of 256, 2 x 48 x 6625 behind one of 48. PP-OCR chose 48.
"""

from paddle import ParamAttr, nn
from paddle.nn.initializer import Uniform
from paddle.regularizer import L2Decay


class Im2Seq(nn.Layer):
    """Read a feature map of height one as a sequence.

    Shape:
        x: (N, C, 1, T)
        returns: (N, T, C)

    Raises:
        ValueError: the height is not one.
    """

    def forward(self, x):
        if x.shape[2] != 1:
            raise ValueError(f"features of height {x.shape[2]}; a height of 1 is needed, is the input 32 px?")
        return x.squeeze(2).transpose((0, 2, 1))  # (N, C, 1, T) -> (N, C, T) -> (N, T, C)


class BiLSTM(nn.Layer):
    """Two bidirectional LSTM layers.

    Args:
        in_channels: width of the input.
        hidden_size: width of one direction; the output is twice as wide.

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
        hidden_size: width of one direction; the chapter's sequence dimension. The output is twice
            as wide, which the chapter's 6.7 MB for 256 leaves out.

    Shape:
        x: (N, in_channels, 1, T)
        returns: (N, T, 2 hidden_size)

    Raises:
        ValueError: the height of x is not one.
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
    """From sequence features to one logit a class and time step.

    Args:
        in_channels: width of the sequence features.
        classes: characters and the blank.
        mid_channels: put a layer of this width in between, without activation (PP-OCRv2); None leaves
            a single layer.
        fc_decay: L2 factor of the layers' weights, in place of the optimizer's own.

    Shape:
        x: (N, T, in_channels)
        returns: logits (N, T, classes) and the features they were made from, (N, T, mid_channels)
            or x itself; PaddleOCR calls asking for both return_feats

    PaddleOCR: CTCHead in ppocr/modeling/heads/rec_ctc_head.py, which returns probabilities in
        evaluation; here they are always logits.
    """

    def __init__(
        self, in_channels: int, classes: int, *, mid_channels: int | None = None, fc_decay: float = 4e-4
    ):
        super().__init__()
        self.mid_channels = mid_channels
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
