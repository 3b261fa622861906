"""Transforms of lines: labels, BDA and TIA, RandAugment, the net's input size (ppocr/data/imaug)."""

import cv2
import numpy as np

from ..augment.bda import BDA
from ..augment.bda import RecAug as RecAugmentation
from ..augment.rand_augment import RandAugment as RandAugmentation
from .resize import fit_line
from .sample import Sample


class ClsLabelEncode:
    """Label to the number of its class.

    Args:
        label_list: names of the classes in order.
    """

    def __init__(self, *, label_list: list[str]):
        self.label_list = [str(label) for label in label_list]

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        if sample.label not in self.label_list:
            raise ValueError(f"label {sample.label!r}; known are {self.label_list}")
        sample.target = self.label_list.index(sample.label)


class CTCLabelEncode:
    """Text to classes, padded with the blank to the longest text that may come.

    Args:
        alphabet: of the net.
        max_text_length: characters.
    """

    def __init__(self, *, alphabet: object, max_text_length: int):
        self.alphabet, self.max_text_length = alphabet, max_text_length

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        classes = self.alphabet.encode(sample.label)
        if not 0 < len(classes) <= self.max_text_length:
            raise ValueError(f"{len(classes)} characters; 1 to {self.max_text_length} are needed")
        sample.texts = [sample.label]
        sample.target = np.zeros(self.max_text_length, np.int32)
        sample.target[: len(classes)] = classes
        sample.length = len(classes)


class RecAug:
    """TIA and BDA; see augment/bda.py.

    Args:
        use_tia: False leaves TIA out (PaddleOCR since 2022 reads it and does TIA all the same).
        aug_prob: one probability for each part by itself, as PaddleOCR had it until 2022; None for those below.
        tia_prob, crop_prob, reverse_prob, noise_prob, jitter_prob, blur_prob, hsv_aug_prob: see RecAug there.
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
        probs = (crop_prob, reverse_prob, noise_prob, jitter_prob, blur_prob, hsv_aug_prob)
        if aug_prob is not None:
            tia_prob, probs = aug_prob, (aug_prob,) * 6
        crop, reverse, noise, jitter, blur, hsv = probs
        bda = BDA(
            crop_prob=crop,
            reverse_prob=reverse,
            noise_prob=noise,
            jitter_prob=jitter,
            blur_prob=blur,
            hsv_aug_prob=hsv,
        )
        self.augmentation = RecAugmentation(
            tia_prob=tia_prob if use_tia else 0.0, together=aug_prob is None, bda=bda
        )

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        sample.image = self.augmentation(rng, sample.image)


class BaseDataAugmentation(BDA):
    """BDA alone, with the arguments of augment/bda.py."""

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        sample.image = super().__call__(rng, sample.image)


class RandAugment(RandAugmentation):
    """With the arguments of augment/rand_augment.py."""

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        sample.image = super().__call__(rng, sample.image)


class ClsResizeImg:
    """Line to the classifier's input, padded on the right; see datasets/resize.py.

    Args:
        image_shape: [3, height, width].
    """

    def __init__(self, *, image_shape: list[int]):
        if len(image_shape) != 3 or image_shape[0] != 3 or min(image_shape) < 1:
            raise ValueError(f"image_shape is {image_shape}; [3, height, width] is needed")
        self.height, self.width = image_shape[1:]

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        image = sample.image if sample.bgr else sample.image[..., ::-1]
        sample.image = fit_line(np.ascontiguousarray(image), self.height, self.width)


class RecResizeImg(ClsResizeImg):
    """Line to the recognizer's input, padded on the right; see datasets/resize.py.

    Args:
        image_shape: [3, height, width].
        padding: keep the proportions; otherwise stretch to the width.
    """

    def __init__(self, *, image_shape: list[int], padding: bool = True):
        super().__init__(image_shape=image_shape)
        self.padding = padding

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        if not self.padding:
            sample.image = cv2.resize(sample.image, (self.width, self.height))
        super().__call__(rng, sample)
