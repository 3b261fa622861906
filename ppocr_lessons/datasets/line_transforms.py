"""Transforms of lines: labels and the input size of the net (ppocr/data/imaug)."""

import cv2
import numpy as np

from .resize import fit_line
from .sample import Sample


class ClsLabelEncode:
    """Encode a label as the index of its class.

    Args:
        label_list: names of the classes in order.
    PaddleOCR: ClsLabelEncode in ppocr/data/imaug/label_ops.py.
    """

    def __init__(self, *, label_list: list[str]):
        self.label_list = [str(label) for label in label_list]

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        if sample.label not in self.label_list:
            raise ValueError(f"label {sample.label!r}; known are {self.label_list}")
        sample.target = self.label_list.index(sample.label)


class CTCLabelEncode:
    """Encode a text as class indices, padded with the blank (class 0) to max_text_length.

    Args:
        alphabet: of the net, a rec.alphabet.Alphabet.
        max_text_length: greatest number of characters of a text.
    PaddleOCR: CTCLabelEncode in ppocr/data/imaug/label_ops.py.
    """

    def __init__(self, *, alphabet: object, max_text_length: int):
        self.alphabet, self.max_text_length = alphabet, max_text_length

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        classes = self.alphabet.encode(sample.label)
        if not 0 < len(classes) <= self.max_text_length:
            raise ValueError(
                f"the text has {len(classes)} characters; 1 to {self.max_text_length} are needed"
            )
        sample.texts = [sample.label]
        sample.target = np.zeros(self.max_text_length, np.int32)
        sample.target[: len(classes)] = classes
        sample.length = len(classes)


class ClsResizeImg:
    """Resize a line to the input of the direction classifier, padded on the right; see `fit_line` in datasets/resize.py.

    Args:
        image_shape: [3, height, width], in pixels.

    Raises:
        ValueError: an image_shape of another form.
    PaddleOCR: ClsResizeImg in ppocr/data/imaug/rec_img_aug.py.
    """

    def __init__(self, *, image_shape: list[int]):
        if len(image_shape) != 3 or image_shape[0] != 3 or min(image_shape) < 1:
            raise ValueError(f"image_shape is {image_shape}; [3, height, width] is needed")
        self.height, self.width = image_shape[1:]

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        image = sample.image if sample.bgr else sample.image[..., ::-1]
        sample.image = fit_line(np.ascontiguousarray(image), self.height, self.width)


class RecResizeImg(ClsResizeImg):
    """Resize a line to the input of the recognizer; see `fit_line` in datasets/resize.py.

    Args:
        image_shape: [3, height, width], in pixels.
        padding: keep the aspect ratio and pad on the right; otherwise stretch to the width.

    Raises:
        ValueError: an image_shape of another form.
    PaddleOCR: RecResizeImg in ppocr/data/imaug/rec_img_aug.py.
    """

    def __init__(self, *, image_shape: list[int], padding: bool = True):
        super().__init__(image_shape=image_shape)
        self.padding = padding

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        if not self.padding:
            sample.image = cv2.resize(sample.image, (self.width, self.height))
        super().__call__(rng, sample)
