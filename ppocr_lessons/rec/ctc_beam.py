"""CTC prefix beam search: the most probable text instead of the text of the most probable path (chapter 2.3).

Greedy decoding follows only the most probable path. But a text has many paths, and another text can have a larger sum
of path probabilities. The search keeps the `beam_width` best prefixes at each time step and adds up the paths of each.
"""

import math
from typing import NamedTuple, Protocol

import numpy as np

from .alphabet import BLANK, Alphabet
from .ctc_decode import check_classes


class LanguageModel(Protocol):
    """Interface of a language model for the search; see character_model.py."""

    def log_prob(self, before: str, character: str) -> float:
        """Logarithm of the probability that a character follows a text.

        Args:
            before: the text so far.
            character: one character.
        """
        ...


class Hypothesis(NamedTuple):
    """A text that beam search found.

    Fields:
        text: the text.
        log_prob: logarithm of the total probability of its paths, as far as the search kept them.
        score: value for ranking: log_prob plus the weighted language model and the bonus per character.
    """

    text: str
    log_prob: float
    score: float


def beam_search(
    probs,
    alphabet: Alphabet,
    *,
    beam_width: int = 10,
    language_model: LanguageModel | None = None,
    weight: float = 0.3,
    bonus: float = 0.0,
    min_prob: float = 1e-4,
) -> list[list[Hypothesis]]:
    """Find the most probable texts of each line.

        score(text) = ln P(text | line) + weight ln P(text | language) + bonus (number of characters)

    Args:
        probs: (N, T, K) probabilities, softmax over K.
        alphabet: alphabet of K classes.
        beam_width: number of texts that are kept after each time step. Even with 1, the search adds up the paths of
            that text, so the result can differ from greedy decoding.
        language_model: rates each added character; None for the recognizer alone.
        weight: weight of the language model.
        bonus: added for each character. It compensates for the language model, which favors short texts.
        min_prob: characters with a lower probability at a time step are not tried there, which saves time.

    Returns: for each line at most `beam_width` hypotheses, the best first; there is at least one.

    Raises:
        ValueError: K differs from the number of classes of the alphabet, a probability is not in 0..1, beam_width is below
            1, min_prob is not in 0..1, or weight is negative.
    Paper: Hannun et al. 2014, arXiv 1408.2873, algorithm 1.
    """
    probs = check_classes(probs, alphabet).astype(float)
    if not ((probs >= 0) & (probs <= 1 + 1e-5)).all():
        raise ValueError("probs contains values outside 0..1; apply the softmax to logits first")
    if beam_width < 1:
        raise ValueError(f"beam_width is {beam_width}; 1 or more is needed")
    if not 0 <= min_prob <= 1 or not weight >= 0:
        raise ValueError(f"min_prob is {min_prob} and weight {weight}; 0..1 and 0 or more are needed")

    def rate(before: str, character: str) -> float:
        return bonus + (weight * language_model.log_prob(before, character) if language_model else 0.0)

    return [_search(steps, alphabet, beam_width, rate, min_prob) for steps in probs]


class _Beam:
    """Sums over the paths of a prefix, as logarithms.

    `blank` sums paths that end in a blank, and `character` those that end in the last character. Only after a blank can
    the same character be appended again. `rating` is the contribution of the language model and bonus to the score.
    """

    def __init__(self, rating: float):
        self.blank = self.character = -math.inf
        self.rating = rating

    def log_prob(self) -> float:
        return _add(self.blank, self.character)

    def score(self) -> float:
        return self.log_prob() + self.rating


def _search(steps, alphabet, beam_width, rate, min_prob) -> list[Hypothesis]:
    start = _Beam(0.0)
    start.blank = 0.0
    beams = {"": start}
    with np.errstate(divide="ignore"):
        log_probs = np.log(steps)
    for probs, logs in zip(steps, log_probs, strict=True):
        tried = np.nonzero(probs >= min_prob)[0]
        characters = [(alphabet.characters[c - 1], float(logs[c])) for c in tried if c != BLANK]
        of = {text[-1]: float(logs[alphabet.index[text[-1]]]) for text in beams if text}
        grown: dict[str, _Beam] = {}
        for text, beam in beams.items():
            kept = grown.setdefault(text, _Beam(beam.rating))
            kept.blank = _add(kept.blank, beam.log_prob() + float(logs[BLANK]))
            if text:
                kept.character = _add(kept.character, beam.character + of[text[-1]])
            for character, log in characters:
                before = beam.blank if text and character == text[-1] else beam.log_prob()
                if before + log == -math.inf:
                    continue
                longer = text + character
                if longer not in grown:
                    grown[longer] = _Beam(beam.rating + rate(text, character))
                grown[longer].character = _add(grown[longer].character, before + log)
        possible = [item for item in grown.items() if item[1].log_prob() > -math.inf] or list(grown.items())
        beams = dict(sorted(possible, key=lambda item: -item[1].score())[:beam_width])
    return [Hypothesis(text, beam.log_prob(), beam.score()) for text, beam in beams.items()]


def _add(a: float, b: float) -> float:
    """ln(e^a + e^b). NumPy's logaddexp takes ten times as long for single numbers."""
    low, high = (a, b) if a < b else (b, a)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
