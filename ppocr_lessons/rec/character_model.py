"""A character model: the probability of a character after the preceding ones, from a list of words (chapter 2.3).

The model is small and knows only spelling. CTC beam search can combine it with the probabilities of a recognizer.
"""

import collections
import functools
import math
from collections.abc import Iterable

END = "\n"
"""Symbol for the end of a word."""


class CharacterModel:
    """Probability of the next character, from the letters before it in the same word.

    The model counts how often each letter, or the end of the word, follows the last `order - 1` letters, and mixes in the
    counts of shorter contexts by the method of Witten and Bell. Case is ignored. All characters that are not letters of
    the list end a word, and the model does not distinguish them. At the start of a word, a letter and any other
    character are equally likely, because a list of words contains no information about numbers and punctuation.

    Args:
        words: list of words to count in.
        order: length of the counted sequences in characters, at least 1; 1 counts single letters.

    Raises:
        ValueError: order is below 1, or the words contain no letter.
    Paper: Witten and Bell 1991, "The zero-frequency problem".
    """

    def __init__(self, words: Iterable[str], *, order: int = 4):
        if order < 1:
            raise ValueError(f"order is {order}; 1 or more is needed")
        self.order = order
        self.counts = collections.defaultdict(collections.Counter)
        for word in words:
            letters = "".join(filter(str.isalpha, word.lower()))
            for i, following in enumerate(letters + END if letters else ""):
                for start in range(max(0, i - order + 1), i + 1):
                    self.counts[letters[start:i]][following] += 1
        self.letters = frozenset(self.counts[""]) - {END}
        if not self.letters:
            raise ValueError("the words contain no letter to count")
        self._cached = functools.lru_cache(maxsize=100_000)(self._mixed)

    def _mixed(self, context: str, following: str) -> float:
        """Witten-Bell smoothing: the fewer different continuations a context has, the more its counts weigh."""
        shorter = self._cached(context[1:], following) if context else 1 / (len(self.letters) + 1)
        counts = self.counts.get(context)
        if not counts:
            return shorter
        seen, kinds = counts.total(), len(counts)
        return (counts[following] + kinds * shorter) / (seen + kinds)

    def log_prob(self, before: str, character: str) -> float:
        """Logarithm of the probability that a character follows a text.

        Args:
            before: the text so far.
            character: one character.

        Returns: natural logarithm. For a letter it is the probability of the letter, in either case; for all other
            characters that of the end of the word.
        """
        before, character = before.lower(), character.lower()
        length = 0
        while length < len(before) and before[-1 - length] in self.letters:
            length += 1
        is_letter = character in self.letters
        if length == 0:
            letter = self._cached("", character) / (1 - self._cached("", END)) if is_letter else 1.0
            return math.log(0.5 * letter)
        context = before[len(before) - min(length, self.order - 1) :]
        return math.log(self._cached(context, character if is_letter else END))
