"""Short trainings of a recognizer's neck and head with several schedules and weight decays (chapter 2.3.3).

The features of all words are computed once by a backbone that does not change. A step through neck and head takes a few
hundredths of a second, so a notebook can run a whole comparison.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import paddle
from paddle import nn

from ..datasets.batches import RecBatch
from ..datasets.resize import fit_line
from ..datasets.seeding import rng_for
from ..datasets.synthetic.pages import Line
from ..datasets.synthetic.streams import encode_labels
from ..evaluate import LineBatch, score_recognizer
from ..losses.ctc_loss import PlainCTC
from ..rec.alphabet import Alphabet
from ..rec.crnn import CRNN
from ..rec.metric import RecMetric
from ..training.cosine_warmup import lr_at
from ..training.l2_decay import DecoupledDecay, regularizer
from ..training.trainer import Trainer


class WordFeatures(NamedTuple):
    """Words in the form in which the neck of a recognizer takes them.

    Fields:
        features: (N, C, 1, T) float32.
        texts: N labels.
    """

    features: np.ndarray
    texts: list[str]


class Plan(NamedTuple):
    """Settings in which two trainings differ.

    Fields:
        factor: of the L2 decay of all weights.
        coupled: add the decay to the gradient, as PaddleOCR does; False shrinks the weights after the update (AdamW).
        peak: highest learning rate.
        cosine: let the learning rate fall to 0 along a cosine; False keeps it constant.
        warmup_steps: steps in which the learning rate rises from 0.
    """

    factor: float = 0.0
    coupled: bool = True
    peak: float = 2e-3
    cosine: bool = True
    warmup_steps: int = 0

    def rate_at(self, step: int, steps: int) -> float:
        """Learning rate of a step.

        Args:
            step: number of the step, from 0.
            steps: number of steps of the run.

        Returns: the learning rate.
        """
        if not self.cosine and step >= self.warmup_steps:
            return self.peak
        return lr_at(step, peak=self.peak, steps=steps, warmup_steps=self.warmup_steps, reach_zero=True)


@paddle.no_grad()
def compute_features(net: CRNN, words: Sequence[Line], *, width: int, batch: int = 8) -> WordFeatures:
    """Run the backbone of a recognizer over words.

    Args:
        net: the recognizer; it is put into evaluation mode.
        words: images and texts.
        width: of the input in pixels.
        batch: number of words in a batch.

    Returns: features and texts in the order of the words.

    Raises:
        ValueError: there are no words.
    """
    if not words:
        raise ValueError("no words were given")
    net.eval()
    images = np.stack([fit_line(word.image, 32, width) for word in words])
    parts = [
        net.backbone(paddle.to_tensor(images[start : start + batch])).numpy()
        for start in range(0, len(images), batch)
    ]
    return WordFeatures(np.concatenate(parts), [word.text for word in words])


def neck_and_head(source: CRNN, factor: float) -> CRNN:
    """Neck and head of a recognizer with their weights, after a backbone that returns its input unchanged.

    Args:
        source: recognizer of `rec.crnn.crnn_lcnet`, whose weights are copied.
        factor: of the L2 decay of the head, which has its own factor in PaddleOCR.

    Returns: the network, whose input are features.
    """
    lstm, last = source.neck.parameters()[0], source.head.fc2.weight  # (4 hidden, channels) and (96, classes)
    backbone = nn.Identity()
    backbone.out_channels = lstm.shape[1]
    net = CRNN(
        backbone, last.shape[1], hidden_size=lstm.shape[0] // 4, mid_channels=last.shape[0], fc_decay=factor
    )
    net.neck.set_state_dict(source.neck.state_dict())
    net.head.set_state_dict(source.head.state_dict())
    return net


def weight_norms(net: nn.Layer) -> dict[str, float]:
    """Euclidean norm of the weights of every part of a recognizer, without biases.

    Args:
        net: a CRNN.

    Returns: norms of "LSTM" and of each linear layer, by name.
    """
    squares: dict[str, float] = {}
    for name, parameter in net.named_parameters():
        if parameter.ndim < 2:
            continue
        part = "LSTM" if name.startswith("neck") else name.rsplit(".", 1)[0]
        squares[part] = squares.get(part, 0.0) + float((parameter.numpy().astype(float) ** 2).sum())
    return {part: square**0.5 for part, square in squares.items()}


class _Watch:
    """Callback of the trainer that records norms and scores every few steps."""

    def __init__(self, held_back: WordFeatures, alphabet: Alphabet, every: int):
        self.held_back, self.alphabet, self.every = held_back, alphabet, every
        self.rows: list[dict] = []

    def look(self, net, step: int) -> None:
        net.eval()
        batch = LineBatch(self.held_back.features, self.held_back.texts)
        scores = score_recognizer(net, [batch], self.alphabet, RecMetric())
        net.train()
        self.rows.append({"step": step, "norms": weight_norms(net), **scores})

    def after_update(self, trainer) -> None:
        done = trainer.step + 1  # the trainer counts the step after its callbacks
        if done % self.every == 0:
            self.look(trainer.strategy.net, done)


def train_head(
    training: WordFeatures,
    held_back: WordFeatures,
    alphabet: Alphabet,
    plan: Plan,
    *,
    source: CRNN,
    steps: int,
    batch: int = 16,
    seed: int = 1,
    every: int = 25,
) -> dict[str, list]:
    """Continue the training of the neck and head of a recognizer, with Adam and the CTC loss.

    All plans with the same seed start from the same weights and see the same batches.

    Args:
        training: words for training.
        held_back: words for scoring.
        alphabet: of the classes.
        plan: schedule and decay.
        source: recognizer whose neck and head the training starts from; it is not changed.
        steps: number of steps.
        batch: words in a batch.
        seed: of weights and batches.
        every: number of steps between two records of norms and scores.

    Returns: "rows": step, norms of `weight_norms`, acc and norm_edit_dis of the held-back words, the first row before the
        training; "losses" and "rates" of all steps.

    Raises:
        ValueError: the factor of the plan is negative.
    """
    size = min(batch, len(training.texts))

    def batch_at(step: int) -> RecBatch:
        chosen = rng_for(seed, step).choice(len(training.texts), size, replace=False)
        labels, lengths = encode_labels([training.texts[i] for i in chosen], alphabet)
        return RecBatch(paddle.to_tensor(training.features[chosen]), labels, lengths)

    decay = regularizer("L2", plan.factor)
    paddle.seed(seed)
    with paddle.utils.unique_name.guard():
        net = neck_and_head(source, plan.factor if plan.coupled else 0.0)
        optimizer = paddle.optimizer.Adam(
            plan.peak, parameters=net.parameters(), weight_decay=decay if plan.coupled else None
        )
    watch = _Watch(held_back, alphabet, every)
    watch.look(net, 0)
    trainer = Trainer(
        PlainCTC(net),
        optimizer,
        batch_at=batch_at,
        lr_at=lambda step: plan.rate_at(step, steps),
        seed=seed,
        callbacks=[*([] if plan.coupled else [DecoupledDecay("L2", plan.factor)]), watch],
        progress=False,
        read_every=50,
    )
    history = trainer.run(steps)
    return {
        "rows": watch.rows,
        "losses": [row["loss"] for row in history],
        "rates": [row["lr"] for row in history],
    }
