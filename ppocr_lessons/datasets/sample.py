"""A sample on its way through the transforms."""

from dataclasses import dataclass, field

import numpy as np

from ..augment.copy_paste import LabeledPage
from ..augment.geometry import Placement


@dataclass
class Sample:
    """What is known of a sample so far; each transform adds to it or changes it.

    Fields:
        name: of the file, for messages.
        picture: path or bytes.
        label: text of the label file.
        image: (H, W, 3) uint8 RGB after decoding, (3, H, W) float32 at the end.
        bgr: the net wants its planes in the order blue, green, red.
        placement: where the page has been moved to without its pixels, or None.
        polygons: (N, P, 2) float32 pixels; texts and ignored one each.
        donor: another page, for CopyPaste.
        shape: height and width of the picture, and the factors it was resized by.
        target: class of the line, or classes of its characters.
        length: number of characters.
    """

    name: str
    picture: object
    label: str
    image: np.ndarray | None = None
    bgr: bool = True
    placement: Placement | None = None
    polygons: np.ndarray | None = None
    texts: list[str] = field(default_factory=list)
    ignored: np.ndarray | None = None
    donor: "Sample | None" = None
    shape: np.ndarray | None = None
    threshold_map: np.ndarray | None = None
    threshold_mask: np.ndarray | None = None
    shrink_map: np.ndarray | None = None
    shrink_mask: np.ndarray | None = None
    target: object = None
    length: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) that the page has by now."""
        return self.placement.size if self.placement else self.image.shape[:2]

    def move(self, step: Placement) -> None:
        """Move the page on; pixels follow when they are asked for.

        Args:
            step: matrix and new size, in coordinates of the page as it is now placed.
        """
        before = self.placement or Placement.of(self.image)
        self.placement = before.then(step.matrix, step.size)
        self.polygons = step.points(self.polygons)

    def pixels(self) -> np.ndarray:
        """The image, with all moves done."""
        if self.placement is not None:
            self.image, self.placement = self.placement.pixels(self.image), None
        return self.image

    def page(self) -> LabeledPage:
        """The labelled page, for operations that work on one."""
        return LabeledPage(self.pixels(), self.polygons, self.texts, self.ignored)


FIELDS = {
    "image": "image",
    "label": "target",
    "length": "length",
    "shape": "shape",
    "polys": "polygons",
    "texts": "texts",
    "ignore_tags": "ignored",
    "threshold_map": "threshold_map",
    "threshold_mask": "threshold_mask",
    "shrink_map": "shrink_map",
    "shrink_mask": "shrink_mask",
}
"""PaddleOCR's names in KeepKeys and the fields of a Sample."""
