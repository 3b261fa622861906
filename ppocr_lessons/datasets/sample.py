"""A sample on its way through a pipeline of transforms."""

from dataclasses import dataclass, field

import numpy as np

from ..augment.copy_paste import LabeledPage
from ..augment.geometry import Placement


@dataclass
class Sample:
    """State of a sample; each transform adds to it or changes it.

    Fields:
        name: of the image file, for messages.
        picture: path of the image file, or its bytes.
        label: text of the label file.
        image: (H, W, 3) uint8 RGB after decoding, (3, H, W) float32 at the end.
        bgr: the net expects its channels in the order blue, green, red.
        placement: moves of the page that are not yet applied to its pixels, or None.
        polygons: (N, P, 2) float32 in pixels of the placed page.
        texts: N texts.
        ignored: (N,) bool, True for texts that do not count.
        donor: another page, for CopyPaste, or None.
        shape: (4,) float32: height and width of the page in pixels, and the factors by which they were resized.
        threshold_map: (H, W) float32.
        threshold_mask: (H, W) float32.
        shrink_map: (H, W) float32.
        shrink_mask: (H, W) float32.
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
        """(height, width) of the page in pixels, after all moves."""
        return self.placement.size if self.placement else self.image.shape[:2]

    def move(self, step: Placement) -> None:
        """Move the polygons now and the pixels later, when `pixels` is called.

        Args:
            step: matrix and new size, in coordinates of the page as it is placed now.
        """
        before = self.placement or Placement.of(self.image)
        self.placement = before.then(step.matrix, step.size)
        self.polygons = step.points(self.polygons)

    def pixels(self) -> np.ndarray:
        """Apply all moves that are pending.

        Returns: the image, (H, W, 3) uint8.
        """
        if self.placement is not None:
            self.image, self.placement = self.placement.pixels(self.image), None
        return self.image

    def page(self) -> LabeledPage:
        """The page as CopyPaste takes it, with all moves applied."""
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
"""Names in KeepKeys, which are PaddleOCR's, and the fields of a Sample that they stand for."""
