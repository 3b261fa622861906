"""Input resolution of the direction classifier, strategy 9 (chapter 2.2.3): from 32 x 100 to 48 x 192 pixels.

The network does not change, because it averages over feature maps of any size. Only its input changes.
"""

from ..datasets.resize import fit_line

SMALL, LARGE = (32, 100), (48, 192)
"""Height and width in pixels before and after."""


def cls_resize(image, size: tuple[int, int] = LARGE):
    """Resize a text line to the input size of the classifier.

    Args:
        image: (H, W, 3) uint8 RGB.
        size: height and width in pixels.

    Returns: (3, height, width) float32 BGR in -1..1, padded with 0 on the right.
    Claim: 92.1 % -> 94.0 % accuracy, 3.19 -> 3.21 ms.
    PaddleOCR: ClsResizeImg in ppocr/data/imaug/rec_img_aug.py.
    """
    return fit_line(image, *size)
