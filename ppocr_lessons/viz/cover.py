"""The first picture of the course: the cover of a magazine, printed over a photograph."""

import pathlib
from typing import NamedTuple

import cv2
import numpy as np

from ..datasets.synthetic.fonts import font_paths
from ..datasets.synthetic.ink import Style, blend, set_text

WHITE, YELLOW, CYAN, NAVY = (255, 255, 255), (255, 221, 51), (150, 232, 255), (16, 28, 64)
BANNER = 0.74
"""Where the banner at the bottom begins, as a fraction of the height."""


class Caption(NamedTuple):
    """A line of text on a cover.

    Fields:
        text: one line.
        x, y: top left corner of the text in pixels; for a line at 180 degrees, the bottom right corner on the screen.
        size: of the font in pixels.
        color: (R, G, B), 0 to 255.
        font: name of a font file of the course, without its extension.
        angle_deg: clockwise on the screen.
    """

    text: str
    x: int
    y: int
    size: int = 28
    color: tuple[int, int, int] = WHITE
    font: str = "Roboto-Medium"
    angle_deg: float = 0.0


def captions(headline: str = "Falcon 9 lifts off") -> list[Caption]:
    """The lines of the cover.

    Args:
        headline: text of the largest line below the title.
    """
    return [
        Caption("ORBIT", 38, 34, 118, WHITE, "SourceSansPro-Black"),
        Caption("Number 42", 640, 46, 28, YELLOW),
        Caption("February 2015", 640, 96),
        Caption(headline, 146, 186, 36, YELLOW, "DejaVuSerif-Bold"),
        Caption("Cape Canaveral", 148, 246),
        Caption("23:03 UTC", 148, 292),
        Caption("Next stop: space", 140, 422, 34, CYAN, "DejaVuSans-Bold", -10),
        Caption("The satellite DSCOVR", 540, 250, 28, WHITE, "DejaVuSans-Bold"),
        Caption("will watch the Sun", 540, 296),
        Caption("for five years", 540, 342, 28, WHITE, "DejaVuSans"),
        Caption("This line is upside down", 850, 440, 28, CYAN, angle_deg=180),
        Caption("How to photograph a launch, page 12", 44, 546, 32, NAVY, "DejaVuSerif-Bold"),
        Caption("$9.50", 820, 546, 32, NAVY, "DejaVuSans-Bold"),
    ]


def print_cover(photograph: np.ndarray, lines: list[Caption], *, height: int = 640) -> np.ndarray:
    """Print captions and a yellow banner over a photograph.

    Args:
        photograph: (H, W, 3) uint8 RGB.
        lines: to print.
        height: of the cover in pixels, to which the photograph is resized first.

    Returns: (height, W', 3) uint8 RGB.
    """
    files = {pathlib.Path(path).stem: path for family in font_paths() for path in family}
    width = round(photograph.shape[1] * height / photograph.shape[0])
    cover = cv2.resize(photograph, (width, height), interpolation=cv2.INTER_CUBIC)
    cover[int(BANNER * height) :] = YELLOW
    for line in lines:
        matrix = np.vstack([cv2.getRotationMatrix2D((0, 0), -line.angle_deg, 1.0), [0, 0, 1]])
        matrix[:2, 2] += line.x, line.y
        blend(cover, set_text(line.text, Style(files[line.font], line.size)), matrix, line.color, 1.0)
    return cover
