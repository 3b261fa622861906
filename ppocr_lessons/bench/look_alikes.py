"""Lines of characters that look alike, and a short training of neck and head on them with the center loss (notebook 18).

The backbone is not trained, so its features are computed once. A training of a few dozen steps then takes seconds.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import paddle
from paddle import nn

from ..datasets.batches import RecBatch
from ..datasets.resize import fit_line
from ..datasets.seeding import rng_for
from ..datasets.synthetic.corpus import chinese_characters
from ..datasets.synthetic.pages import Line, render_line
from ..datasets.synthetic.streams import encode_labels
from ..losses.center_loss import CenterLoss
from ..losses.ctc_loss import PlainCTC
from ..losses.enhanced_ctc import EnhancedCTC
from ..rec.alphabet import Alphabet
from ..rec.class_centers import step_classes
from ..rec.crnn import CRNN, CRNNFeatures
from ..rec.ctc_decode import greedy_decode
from .decoding import labeled_lines

GROUPS = ("0O", "1lI", "5S")
"""Latin characters that look alike."""

CHINESE_GROUPS = ("未末", "己已")
"""Chinese characters that look alike; they differ in the length of a stroke."""

SHIPPED_GROUPS = ("王玉", "晴睛", "折拆", "乌鸟")
"""Chinese characters that look alike and occur in data/rec_zh, each once or twice."""

WIDTH = 160
"""Width of a line in pixels, which gives 40 time steps."""

LENGTHS = (3, 6)
"""Minimum and maximum number of characters of a line."""

BATCH = 16
"""Number of lines in a forward pass and, by default, in a training step."""


class HeadOnly(nn.Layer):
    """Neck and head of a recognizer, which take the features of its backbone instead of images.

    Args:
        net: the recognizer, whose neck and head are used and not copied.

    Shape:
        x: (N, C, 1, T)
        returns: logits (N, T, K), CRNNFeatures
    """

    def __init__(self, net: CRNN):
        super().__init__()
        self.neck, self.head = net.neck, net.head

    def forward(self, x):
        sequence = self.neck(x)
        logits, head_feats = self.head(sequence)
        return logits, CRNNFeatures(x, sequence, head_feats)


class CachedLines(NamedTuple):
    """Features of lines after the backbone, with their texts.

    Fields:
        feats: (N, C, 1, T) float32 features of the backbone.
        texts: N texts.
    """

    feats: np.ndarray
    texts: list[str]

    def batches(self):
        """Split the lines into batches.

        Returns: iterator over pairs of features and texts, as `rec.collect_centers.collect` takes them.
        """
        for start in range(0, len(self.texts), BATCH):
            yield self.feats[start : start + BATCH], self.texts[start : start + BATCH]


class Observed(NamedTuple):
    """Output of a recognizer for lines.

    Fields:
        feats: (N, T, D) features before the last layer.
        steps: (N, T) class of each time step; see `rec.class_centers.step_classes`.
        right: (N,) bool, whether the line was read correctly.
    """

    feats: np.ndarray
    steps: np.ndarray
    right: np.ndarray

    def features(self, classes: Sequence[int]) -> dict[int, np.ndarray]:
        """Features of some classes, from correctly read lines.

        Args:
            classes: the classes.

        Returns: (M, D) features by class, without classes that do not occur.
        """
        return {k: self.feats[self.steps == k] for k in classes if (self.steps == k).any()}


class Spread(NamedTuple):
    """Distances of the features of some classes from each other.

    Fields:
        within: mean distance of a feature to the mean of its class; mean over the classes.
        between: mean distance between the means of two classes, over all pairs.
    """

    within: float
    between: float

    @property
    def ratio(self) -> float:
        """`between` over `within`: the larger it is, the better the classes are separated."""
        return self.between / self.within


def look_alike_lines(
    seed: int, count: int, groups: Sequence[str] = GROUPS, *, others: str, language: str = "en"
) -> list[Line]:
    """Render lines in which half of the characters are look-alikes and half are others.

    Args:
        seed: seed of the lines.
        count: number of lines.
        groups: characters that look alike.
        others: characters of the other half.
        language: see `fonts.font_paths`.

    Returns: the lines.

    Raises:
        LookupError: no font for the language is installed.
    """
    lines, alike = [], "".join(groups)
    for index in range(count):
        rng = rng_for(seed, index)
        length = int(rng.integers(LENGTHS[0], LENGTHS[1] + 1))
        pools = [alike if rng.random() < 0.5 else others for _ in range(length)]
        text = "".join(pool[rng.integers(len(pool))] for pool in pools)
        lines.append(render_line(rng, text, language))
    return lines


def chinese_lines(folder, count: int) -> tuple[list[Line], list[Line], Sequence[str], str]:
    """Lines with Chinese look-alikes: rendered if a Chinese font is installed, otherwise from data/rec_zh.

    Args:
        folder: data/rec_zh, whose lines are used where no Chinese font is installed.
        count: lines to render, for the training and as many that are held back.

    Returns: lines for the training, lines that are held back, the groups of look-alikes in them, and a sentence that says
        where they come from.
    """
    try:
        train, test = (
            look_alike_lines(seed, count, CHINESE_GROUPS, others=chinese_characters(), language="zh")
            for seed in (1, 2)
        )
        return (
            train,
            test,
            CHINESE_GROUPS,
            f"{count} lines for the training and {count} held back, rendered here.",
        )
    except LookupError:
        lines = [Line(*pair) for pair in zip(*labeled_lines(folder), strict=True)]
        alike = set("".join(SHIPPED_GROUPS))
        test = [line for line in lines if alike & set(line.text)]
        train = [line for line in lines if not alike & set(line.text)][:count]
        note = (
            "No font with Chinese characters is installed, so 未, 末, 己 and 已 cannot be rendered: "
            'pip install "ppocr-lessons[zh]" brings one. '
            f"Other look-alikes are taken from {len(test)} lines of data/rec_zh, which have each of them once or twice."
        )
        return train, test, SHIPPED_GROUPS, note


@paddle.no_grad()
def cache(net: CRNN, lines: Sequence[Line]) -> CachedLines:
    """Compute the features of the backbone.

    Args:
        net: a recognizer in evaluation mode.
        lines: at least one line. If one has more characters than LENGTHS allows, all inputs are twice as wide.

    Returns: the features with the texts.
    """
    width = WIDTH if max(len(line.text) for line in lines) <= LENGTHS[1] else 2 * WIDTH
    images = np.stack([fit_line(line.image, 32, width) for line in lines])
    feats = [
        net.backbone(paddle.to_tensor(images[i : i + BATCH])).numpy() for i in range(0, len(images), BATCH)
    ]
    return CachedLines(np.concatenate(feats), [line.text for line in lines])


@paddle.no_grad()
def observe(head: HeadOnly, lines: CachedLines, alphabet: Alphabet) -> Observed:
    """Read lines and keep the features before the last layer.

    Args:
        head: neck and head.
        lines: features of lines after the backbone.
        alphabet: characters of the classes.

    Returns: features, classes and which lines were read correctly.
    """
    found = []
    for feats, texts in lines.batches():
        logits, features = head(paddle.to_tensor(feats))
        logits = logits.numpy()
        right = [r.text == text for r, text in zip(greedy_decode(logits, alphabet), texts, strict=True)]
        found.append((features.head.numpy(), step_classes(logits, right), np.array(right)))
    return Observed(*map(np.concatenate, zip(*found, strict=True)))


def train_head(
    head: HeadOnly,
    lines: CachedLines,
    alphabet: Alphabet,
    *,
    center: CenterLoss | None = None,
    weight: float = 0.05,
    steps: int = 40,
    batch: int = BATCH,
    lr: float = 1e-3,
    seed: int = 0,
) -> list[dict[str, float]]:
    """Train neck and head with the CTC loss, and with the center loss if there is one.

    Args:
        head: neck and head, changed in place.
        lines: features of lines after the backbone.
        alphabet: characters of the classes.
        center: center loss, or None for the CTC loss alone.
        weight: weight of the center loss.
        steps: number of steps of Adam.
        batch: lines of a step.
        lr: learning rate.
        seed: seed of the order of the lines.

    Returns: the parts of the loss at each step, weighted.
    """
    strategy = PlainCTC(head) if center is None else EnhancedCTC(head, center, weight=weight)
    optimizer = paddle.optimizer.Adam(lr, parameters=head.parameters())
    history = []
    head.train()  # Paddle's LSTM computes gradients only in training mode
    for step in range(steps):
        chosen = rng_for(seed, step).choice(len(lines.texts), min(batch, len(lines.texts)), replace=False)
        texts = [lines.texts[i] for i in chosen]
        objective = strategy(RecBatch(paddle.to_tensor(lines.feats[chosen]), *encode_labels(texts, alphabet)))
        objective.loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        history.append({name: float(value) for name, value in objective.parts.items()})
    head.eval()
    return history


def spread(features: Mapping[int, np.ndarray]) -> Spread:
    """Distances within and between classes.

    Args:
        features: (M, D) features of two or more classes.

    Returns: the distances.

    Raises:
        ValueError: fewer than two classes.
    """
    if len(features) < 2:
        raise ValueError(f"features of {len(features)} classes; two are needed to compare them")
    means = np.stack([points.mean(0) for points in features.values()])
    own = [
        np.linalg.norm(points - mean, axis=1) for points, mean in zip(features.values(), means, strict=True)
    ]
    pairs = [np.linalg.norm(a - b) for i, a in enumerate(means) for b in means[:i]]
    return Spread(float(np.mean([d.mean() for d in own])), float(np.mean(pairs)))
