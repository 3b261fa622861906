"""BDA, base data augmentation, and RecAug, which puts TIA before it (chapters 2.2.2 and 2.3.2).

The chapter describes BDA as rotation, perspective, motion blur and noise. PaddleOCR's code, which this follows,
cuts some rows, blurs, inverts, and does three more things that hardly show: brightness changes by at most a
thousandth, jitter needs lines of 100 pixels, noise is at most one gray level.
"""

from typing import NamedTuple

import cv2
import numpy as np

from . import tia

MIN_SIDE = 20
"""Pixels: lines lower or narrower are not cut."""

_KERNEL = cv2.getGaussianKernel(5, 1, cv2.CV_32F)


class BDADraw(NamedTuple):
    """What will be done; None and False stand for nothing.

    Fields:
        crop: rows to cut, from the top if positive, from the bottom if negative.
        blur: Gaussian, 5 x 5, sigma 1.
        brightness: factor of the value channel.
        jitter: steps down and to the right.
        noise_seed: of normal noise with half of a variance of 0.1.
        reverse: invert.
    """

    crop: int | None = None
    blur: bool = False
    brightness: float | None = None
    jitter: int | None = None
    noise_seed: int | None = None
    reverse: bool = False


class BDA:
    """Cut, blur, brightness, jitter, noise, inversion, each with a probability of its own.

    Args:
        crop_prob, reverse_prob, noise_prob, jitter_prob, blur_prob, hsv_aug_prob: in 0..1.

    Raises:
        ValueError: a probability outside 0..1.
    PaddleOCR: BaseDataAugmentation in ppocr/data/imaug/rec_img_aug.py.
    """

    def __init__(
        self,
        *,
        crop_prob: float = 0.4,
        reverse_prob: float = 0.4,
        noise_prob: float = 0.4,
        jitter_prob: float = 0.4,
        blur_prob: float = 0.4,
        hsv_aug_prob: float = 0.4,
    ):
        self.probs = {
            "crop_prob": crop_prob,
            "reverse_prob": reverse_prob,
            "noise_prob": noise_prob,
            "jitter_prob": jitter_prob,
            "blur_prob": blur_prob,
            "hsv_aug_prob": hsv_aug_prob,
        }
        for name, value in self.probs.items():
            check_probability(name, value)

    def sample(self, rng: np.random.Generator, image: np.ndarray) -> BDADraw:
        """Draw for a line (H, W, 3).

        Args:
            rng: generator that everything random is drawn from.
            image: the line, (H, W, 3) uint8 RGB; only its size matters.
        """
        height, width = image.shape[:2]
        happens = {name: rng.random() < prob for name, prob in self.probs.items()}
        rows = min(int(rng.integers(1, 9)), height - 1) * (1 if rng.integers(2) else -1)
        large = height >= MIN_SIDE and width >= MIN_SIDE
        return BDADraw(
            crop=rows if happens["crop_prob"] and large else None,
            blur=happens["blur_prob"],
            brightness=1 + rng.uniform(-0.001, 0.001) if happens["hsv_aug_prob"] else None,
            jitter=int(rng.random() * min(height, width) * 0.01) if happens["jitter_prob"] else None,
            noise_seed=int(rng.integers(1 << 31)) if happens["noise_prob"] else None,
            reverse=happens["reverse_prob"],
        )

    @staticmethod
    def apply(image: np.ndarray, drawn: BDADraw) -> np.ndarray:
        """Do what was drawn to a line (H, W, 3) uint8 RGB; a new array comes back.

        Args:
            image: the line, (H, W, 3) uint8 RGB.
            drawn: what `sample` returned for a line of this size.
        """
        if drawn.crop is not None:
            image = image[drawn.crop :] if drawn.crop > 0 else image[: drawn.crop]
        image = image.copy()
        if drawn.blur:
            image = cv2.sepFilter2D(image, -1, _KERNEL, _KERNEL)
        if drawn.brightness is not None:
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
            hsv[..., 2] = (hsv[..., 2] * drawn.brightness).clip(0, 255)
            image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
        if drawn.jitter:
            before = image.copy()
            for step in range(drawn.jitter):
                image[step:, step:] = before[: len(image) - step, : image.shape[1] - step]
        if drawn.noise_seed is not None:
            # Noise of deviation 0.5 sqrt(0.1) = 0.158 is added and the fraction cut off: what is negative takes a
            # level away, what is positive nothing (a whole level would be six deviations). That is one coin a byte.
            coins = np.random.default_rng(drawn.noise_seed).bytes(-(-image.size // 8))
            coins = np.unpackbits(np.frombuffer(coins, np.uint8), count=image.size).reshape(image.shape)
            image = cv2.subtract(image, coins)
        return 255 - image if drawn.reverse else image

    def __call__(self, rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
        return self.apply(image, self.sample(rng, image))


class RecAugDraw(NamedTuple):
    """TIA's control points in the order they are used, and BDA's draw."""

    bends: tuple[tia.ControlPoints, ...]
    bda: BDADraw


class RecAug:
    """TIA, then BDA.

    Args:
        tia_prob: how often the line is bent.
        together: all three bends at once (PaddleOCR since 2022), or each by itself with tia_prob (before).
        bda: what follows; default probabilities if None.

    Raises:
        ValueError: tia_prob outside 0..1.
    Claim: BDA 0.5193 -> 0.5505, TIA +0.9 points (chapter 2.3.2).
    PaddleOCR: RecAug in ppocr/data/imaug/rec_img_aug.py.
    """

    def __init__(self, *, tia_prob: float = 0.4, together: bool = True, bda: BDA | None = None):
        check_probability("tia_prob", tia_prob)
        self.tia_prob, self.together, self.bda = tia_prob, together, bda or BDA()

    def sample(self, rng: np.random.Generator, image: np.ndarray) -> RecAugDraw:
        """Draw for a line (H, W, 3).

        Args:
            rng: generator that everything random is drawn from.
            image: the line, (H, W, 3) uint8 RGB; only its size matters.
        """
        height, width = image.shape[:2]
        bends = []
        first = rng.random() < self.tia_prob
        wanted = [first] * 3 if self.together else [first, *(rng.random(2) < self.tia_prob)]
        if height >= tia.MIN_SIDE and width >= tia.MIN_SIDE:
            if wanted[0]:
                bends.append(tia.distort(rng, height, width, int(rng.integers(3, 7))))
            if wanted[1]:
                bends.append(tia.stretch(rng, height, width, int(rng.integers(3, 7))))
            if wanted[2]:
                bends.append(tia.perspective(rng, height, width))
        return RecAugDraw(tuple(bends), self.bda.sample(rng, image))

    @staticmethod
    def apply(image: np.ndarray, drawn: RecAugDraw) -> np.ndarray:
        """Do what was drawn to a line (H, W, 3) uint8 RGB; a new array comes back.

        Args:
            image: the line, (H, W, 3) uint8 RGB.
            drawn: what `sample` returned for a line of this size.
        """
        for points in drawn.bends:
            image = tia.warp(image, points)
        return BDA.apply(image, drawn.bda)

    def __call__(self, rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
        return self.apply(image, self.sample(rng, image))


def check_probability(name: str, value: float) -> None:
    """Raise a ValueError that names what is no probability.

    Args:
        name: of the argument, for the message.
        value: to be checked.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; a number in 0..1 is needed")
