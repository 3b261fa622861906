"""BDA (base data augmentation) and RecAug, which applies TIA before it (chapters 2.2.2 and 2.3.2).

The chapter describes BDA as rotation, perspective, motion blur and noise. This file follows PaddleOCR's code, which
crops some rows, blurs and inverts. It has three more operations that are hardly visible: the brightness changes by at
most 0.1 %, jitter has no effect if a side of the line is at most 200 pixels, and noise changes a value by at most one.

RecAug is the augmentation of the recognizer: TIA bends the line, BDA changes its pixels. TIA is in augment/tia.py.
"""

from typing import NamedTuple

import cv2
import numpy as np

from . import tia

MIN_SIDE = 20
"""Lines whose height or width is below this number of pixels are not cropped, as in PaddleOCR."""

_BYTES = np.arange(256)
_KERNEL = cv2.getGaussianKernel(5, 1, cv2.CV_32F)


class BDADraw(NamedTuple):
    """Random numbers of one call of BDA; None and False mean that the operation is not applied.

    Fields:
        crop: rows to remove, from the top if positive, from the bottom if negative.
        blur: apply a Gaussian blur, 5 x 5 pixels, sigma 1.
        brightness: factor of the value channel in HSV.
        jitter: number of copies of the line that are overlaid, each one pixel further down and right, from 0 pixels on.
        noise_seed: seed of normal noise whose standard deviation is 0.5 * sqrt(0.1) gray levels.
        reverse: invert the pixels.
    """

    crop: int | None = None
    blur: bool = False
    brightness: float | None = None
    jitter: int | None = None
    noise_seed: int | None = None
    reverse: bool = False


class BDA:
    """Crop, blur, brightness, jitter, noise and inversion, each applied with its own probability.

    Args:
        crop_prob: probability of removing 1 to 8 rows at the top or at the bottom, in 0..1 like all that follow.
        reverse_prob: of inverting the pixels.
        noise_prob: of adding noise.
        jitter_prob: of shifting diagonally.
        blur_prob: of blurring.
        hsv_aug_prob: of changing the brightness.

    Raises:
        ValueError: a probability outside 0..1.
    Claim: accuracy of the direction classifier 0.8879 -> 0.9134 (chapter 2.2.2), of the recognizer 0.5193 -> 0.5505
        (chapter 2.3.2).
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
        """Draw the operations for a line and their strengths.

        Args:
            rng: source of all random numbers.
            image: the line, (H, W, 3) uint8 RGB; only its size matters.

        Returns: what `apply` does to a line of this size.

        Raises:
            ValueError: the line has no pixels.
        """
        height, width = image.shape[:2]
        if not (height and width):
            raise ValueError(f"the line is empty: {height} x {width} pixels")
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
        """Apply drawn operations to a line.

        Args:
            image: the line, (H, W, 3) uint8 RGB; it is not changed.
            drawn: what `sample` returned for a line of this size.

        Returns: a new array, (H - |crop|, W, 3) uint8 RGB.
        """
        if drawn.crop is not None:
            image = image[drawn.crop :] if drawn.crop > 0 else image[: drawn.crop]
        image = cv2.sepFilter2D(image, -1, _KERNEL, _KERNEL) if drawn.blur else image.copy()
        if drawn.brightness is not None:
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
            # A byte has 256 values, so a table of their results is faster than the arithmetic on all pixels.
            values = cv2.LUT(
                cv2.extractChannel(hsv, 2), (_BYTES * drawn.brightness).clip(0, 255).astype(np.uint8)
            )
            image = cv2.cvtColor(cv2.insertChannel(values, hsv, 2), cv2.COLOR_HSV2RGB)
        if drawn.jitter:
            before = image.copy()
            for step in range(drawn.jitter):
                image[step:, step:] = before[: len(image) - step, : image.shape[1] - step]
        if drawn.noise_seed is not None:
            # PaddleOCR adds normal noise of standard deviation 0.5 * sqrt(0.1) = 0.158 and truncates to integers.
            # Negative noise then lowers a value by one level; positive noise has no effect, because a whole level
            # would be six standard deviations. This is the same as subtracting one random bit per byte.
            bits = np.random.default_rng(drawn.noise_seed).bytes(-(-image.size // 8))
            bits = np.unpackbits(np.frombuffer(bits, np.uint8), count=image.size).reshape(image.shape)
            image = cv2.subtract(image, bits)
        return 255 - image if drawn.reverse else image

    def __call__(self, rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
        """Draw and apply; see `sample` and `apply`."""
        return self.apply(image, self.sample(rng, image))


class RecAugDraw(NamedTuple):
    """Random numbers of one call of RecAug.

    Fields:
        bends: control points of TIA, in the order in which they are applied.
        bda: the draw of BDA, which follows.
    """

    bends: tuple[tia.ControlPoints, ...]
    bda: BDADraw


class RecAug:
    """TIA, then BDA: the augmentation of text recognition.

    Args:
        use_tia: False switches TIA off. PaddleOCR since 2022 reads this argument and ignores it.
        aug_prob: one probability for each of the three TIA operations separately and for each operation of BDA, which
            is how PaddleOCR worked until 2022. None uses the probabilities below.
        tia_prob: probability that all three TIA operations are applied together.
        crop_prob: of BDA, like all that follow.
        reverse_prob: see BDA.
        noise_prob: see BDA.
        jitter_prob: see BDA.
        blur_prob: see BDA.
        hsv_aug_prob: see BDA.

    Raises:
        ValueError: a probability outside 0..1.
    Claim: BDA 0.5193 -> 0.5505, TIA +0.9 points (chapter 2.3.2).
    PaddleOCR: RecAug in ppocr/data/imaug/rec_img_aug.py.
    """

    def __init__(
        self,
        *,
        use_tia: bool = True,
        aug_prob: float | None = None,
        tia_prob: float = 0.4,
        crop_prob: float = 0.4,
        reverse_prob: float = 0.4,
        noise_prob: float = 0.4,
        jitter_prob: float = 0.4,
        blur_prob: float = 0.4,
        hsv_aug_prob: float = 0.4,
    ):
        probs = {
            "crop_prob": crop_prob,
            "reverse_prob": reverse_prob,
            "noise_prob": noise_prob,
            "jitter_prob": jitter_prob,
            "blur_prob": blur_prob,
            "hsv_aug_prob": hsv_aug_prob,
        }
        if aug_prob is not None:
            check_probability("aug_prob", aug_prob)
            tia_prob, probs = aug_prob, dict.fromkeys(probs, aug_prob)
        check_probability("tia_prob", tia_prob)
        self.tia_prob, self.together = tia_prob if use_tia else 0.0, aug_prob is None
        self.bda = BDA(**probs)

    def sample(self, rng: np.random.Generator, image: np.ndarray) -> RecAugDraw:
        """Draw the TIA operations for a line, then the operations of BDA.

        Args:
            rng: source of all random numbers.
            image: the line, (H, W, 3) uint8 RGB; only its size matters.

        Returns: what `apply` does to a line of this size.

        Raises:
            ValueError: the line has no pixels.
        """
        height, width = image.shape[:2]
        if not (height and width):
            raise ValueError(f"the line is empty: {height} x {width} pixels")
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
        """Apply drawn operations to a line.

        Args:
            image: the line, (H, W, 3) uint8 RGB; it is not changed.
            drawn: what `sample` returned for a line of this size.

        Returns: a new array, uint8 RGB, of the same width; BDA may have removed up to 8 rows.
        """
        for points in drawn.bends:
            image = tia.warp(image, points)
        return BDA.apply(image, drawn.bda)

    def __call__(self, rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
        """Draw and apply; see `sample` and `apply`."""
        return self.apply(image, self.sample(rng, image))


def check_probability(name: str, value: float) -> None:
    """Check that an argument is a probability.

    Args:
        name: of the argument, for the message.
        value: of the argument.

    Raises:
        ValueError: the value is outside 0..1.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; a number in 0..1 is needed")
