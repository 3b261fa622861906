"""The classifier's input size, strategy 9 (chapter 2.2.3): from 32 x 100 to 48 x 192.

Nothing in the net changes, as it averages over whatever map comes out. Only what is fed to it does.
"""

from ..datasets.resize import fit_line

SMALL, LARGE = (32, 100), (48, 192)
"""Height and width before and after."""


def cls_resize(image, size: tuple[int, int] = LARGE):
    """Bring a line to the classifier's size.

    Args:
        image: (H, W, 3) uint8 RGB.
        size: height and width.

    Returns: (3, height, width) float32 BGR in -1..1, padded on the right with 0.
    Claim: 92.1 % -> 94.0 % accuracy, 3.19 -> 3.21 ms.
    PaddleOCR: ClsResizeImg in ppocr/data/imaug/rec_img_aug.py.
    """
    return fit_line(image, *size)
