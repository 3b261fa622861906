"""AutoAugment: one of 25 pairs of operations is drawn for each image (chapter 2.2.2).

The pairs, their probabilities and their magnitudes were found by a search on ImageNet, which trained thousands of small
networks. RandAugment replaces the search by random choices.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .bda import check_probability
from .image_operations import ENHANCERS, NAMES, operate


class Choice(NamedTuple):
    """One operation of a policy.

    Fields:
        name: see `image_operations.operate`.
        prob: probability that it is applied.
        magnitude: 0 to 9.
    """

    name: str
    prob: float
    magnitude: int


IMAGENET = tuple(
    (Choice(*first), Choice(*second))
    for first, second in (
        (("posterize", 0.4, 8), ("rotate", 0.6, 9)),
        (("solarize", 0.6, 5), ("autocontrast", 0.6, 5)),
        (("equalize", 0.8, 8), ("equalize", 0.6, 3)),
        (("posterize", 0.6, 7), ("posterize", 0.6, 6)),
        (("equalize", 0.4, 7), ("solarize", 0.2, 4)),
        (("equalize", 0.4, 4), ("rotate", 0.8, 8)),
        (("solarize", 0.6, 3), ("equalize", 0.6, 7)),
        (("posterize", 0.8, 5), ("equalize", 1.0, 2)),
        (("rotate", 0.2, 3), ("solarize", 0.6, 8)),
        (("equalize", 0.6, 8), ("posterize", 0.4, 6)),
        (("rotate", 0.8, 8), ("color", 0.4, 0)),
        (("rotate", 0.4, 9), ("equalize", 0.6, 2)),
        (("equalize", 0.0, 7), ("equalize", 0.8, 8)),
        (("invert", 0.6, 4), ("equalize", 1.0, 8)),
        (("color", 0.6, 4), ("contrast", 1.0, 8)),
        (("rotate", 0.8, 8), ("color", 1.0, 2)),
        (("color", 0.8, 8), ("solarize", 0.8, 7)),
        (("sharpness", 0.4, 7), ("invert", 0.6, 8)),
        (("shearX", 0.6, 5), ("equalize", 1.0, 9)),
        (("color", 0.4, 0), ("equalize", 0.6, 3)),
        (("equalize", 0.4, 7), ("solarize", 0.2, 4)),
        (("solarize", 0.6, 5), ("autocontrast", 0.6, 5)),
        (("invert", 0.6, 4), ("equalize", 1.0, 8)),
        (("color", 0.6, 4), ("contrast", 1.0, 8)),
        (("equalize", 0.8, 8), ("equalize", 0.6, 3)),
    )
)
"""The 25 pairs that the search found on ImageNet; some of them occur twice, as in the paper."""


class Operation(NamedTuple):
    """One drawn operation: its `name` and its `value`, see `image_operations.operate`."""

    name: str
    value: float


def value_of(name: str, magnitude: float, sign: int) -> float:
    """Convert a magnitude of AutoAugment to the value of an operation.

    Args:
        name: of the operation.
        magnitude: 0 to 9.
        sign: 1 or -1, used by shears, translations, rotation and the four enhancers.

    Returns: 0 to 0.3 for shears, to 150/331 of a side, to 30 degrees, a factor of 1 to 1.9 or 0.1, 8 to 4 bits,
        threshold 256 to 0; 0 for operations without a value.
    """
    level = magnitude / 9
    if name in ENHANCERS:
        return 1 + 0.9 * level * sign
    if name == "posterize":
        return round(8 - 4 * level)
    if name == "solarize":
        return 256 * (1 - level)
    largest = {"shearX": 0.3, "shearY": 0.3, "translateX": 150 / 331, "translateY": 150 / 331, "rotate": 30}
    return largest.get(name, 0) * level * sign


class AutoAugment:
    """Apply one random pair of operations, each with its own probability.

    Args:
        prob: probability that an image is changed at all.
        policy: pairs of `Choice`, or of [name, prob, magnitude]; the pairs found on ImageNet by default.

    Raises:
        ValueError: a probability outside 0..1, an empty policy, an unknown operation, a magnitude outside 0..9.
    Claim: accuracy of the direction classifier 0.9134 -> 0.9133 on top of BDA: no gain.
    Paper: Cubuk et al. 2018, arXiv 1805.09501.
    """

    def __init__(self, *, prob: float = 0.5, policy: Sequence[Sequence[Choice]] = IMAGENET):
        check_probability("prob", prob)
        if not policy:
            raise ValueError("the policy is empty; at least one pair of operations is needed")
        self.prob, self.policy = prob, tuple(tuple(Choice(*choice) for choice in pair) for pair in policy)
        for choice in (choice for pair in self.policy for choice in pair):
            if choice.name not in NAMES:
                raise ValueError(f"operation {choice.name!r} of the policy; known are {list(NAMES)}")
            check_probability(f"the probability of {choice.name}", choice.prob)
            if not 0 <= choice.magnitude <= 9:
                raise ValueError(f"the magnitude of {choice.name} is {choice.magnitude}; 0 to 9 is needed")

    def sample(self, rng: np.random.Generator, image: np.ndarray) -> list[Operation]:
        """Draw the operations for an image.

        Args:
            rng: source of all random numbers.
            image: (H, W, 3) uint8 RGB; the draw does not depend on it.

        Returns: 0, 1 or 2 operations with their values.
        """
        if rng.random() >= self.prob:
            return []
        pair, drawn = self.policy[rng.integers(len(self.policy))], []
        for choice in pair:
            sign = 1 if rng.integers(2) else -1
            if rng.random() < choice.prob:
                drawn.append(Operation(choice.name, value_of(choice.name, choice.magnitude, sign)))
        return drawn

    @staticmethod
    def apply(image: np.ndarray, drawn: list[Operation]) -> np.ndarray:
        """Apply drawn operations to an image.

        Args:
            image: (H, W, 3) uint8 RGB; it is not changed.
            drawn: operations that `sample` returned, in the order in which they are applied.

        Returns: (H, W, 3) uint8 RGB: a new array, or `image` itself if no operation was drawn.
        """
        for operation in drawn:
            image = operate(image, operation.name, operation.value)
        return image

    def __call__(self, rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
        """Draw and apply; see `sample` and `apply`."""
        return self.apply(image, self.sample(rng, image))
