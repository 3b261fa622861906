"""CopyPaste: texts of one page are pasted onto another (chapter 3.1.2).

A page has few texts and much background. Pasting gives the detector more of the first, in places and at angles
that no layout would have.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ..kernels.places import first_free
from .bda import check_probability
from .geometry import bounds

MOST = 30
TRIES = 50

CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
"""Of a rectangle, as factors of half its width and half its height."""

STRAIGHT = 0.25
"""Pixels that a corner may lie off the nearest parallelogram; most labels are in whole pixels and no more exact."""


class LabeledPage(NamedTuple):
    """A page of the detector.

    Fields:
        image: (H, W, 3) uint8 RGB.
        polygons: (N, 4, 2) float32 pixels.
        texts: N texts.
        ignored: (N,) bool.
    """

    image: np.ndarray
    polygons: np.ndarray
    texts: list[str]
    ignored: np.ndarray


class Paste(NamedTuple):
    """One text that found its place.

    Fields:
        index: in the donor's texts.
        matrix: (3, 3), from the donor's picture into the page's; corners land within STRAIGHT of their place.
        polygon: (4, 2) in the page.
    """

    index: int
    matrix: np.ndarray
    polygon: np.ndarray


class CopyPaste:
    """Paste texts of a donor page where they touch no other text.

    As PaddleOCR does it: a share of the donor's readable texts, at their own size, each turned by a whole number of
    degrees, tried at 50 places, left out if none is free. The chapter's prose tells of scale jitter and flips
    instead; `scale` and `flip` give that.

    Args:
        objects_paste_ratio: share of the donor's texts; at least one, at most 30.
        limit_paste: keep clear of the texts that are there; otherwise any place will do.
        rotate: turn by 0 to 359 degrees.
        scale: enlarge by a factor drawn from (low, high); None pastes at the donor's size.
        flip: mirror half of the pasted texts.

    Raises:
        ValueError: a ratio outside 0..1, or a scale that is not 0 < low <= high.
    Claim: hmean 0.789 -> 0.795.
    PaddleOCR: CopyPaste in ppocr/data/imaug/copy_paste.py.
    Paper: Ghiasi et al. 2020, arXiv 2012.07177.
    """

    def __init__(
        self,
        *,
        objects_paste_ratio: float = 0.2,
        limit_paste: bool = True,
        rotate: bool = True,
        scale: Sequence[float] | None = None,
        flip: bool = False,
    ):
        check_probability("objects_paste_ratio", objects_paste_ratio)
        if scale is not None and (len(scale) != 2 or not 0 < scale[0] <= scale[1]):
            raise ValueError(f"scale is {scale}; (low, high) with 0 < low <= high is needed")
        self.objects_paste_ratio, self.limit_paste = objects_paste_ratio, limit_paste
        self.rotate, self.scale, self.flip = rotate, scale, flip

    def sample(self, rng: np.random.Generator, page: LabeledPage, donor: LabeledPage) -> list[Paste]:
        """Choose texts of the donor and a place for each; those without a free place are left out.

        Args:
            rng: generator that everything random is drawn from.
            page: that receives the texts.
            donor: page that the texts are taken from.
        """
        readable = np.nonzero(~np.asarray(donor.ignored, bool))[0]
        count = max(1, min(int(self.objects_paste_ratio * len(donor.polygons)), MOST))
        height, width = page.image.shape[:2]
        chosen = rng.permutation(readable)[:count]
        quads = np.asarray(donor.polygons, np.float64)[chosen]
        halves = self._halves(rng, quads)
        reach = np.abs(halves).sum(1)  # from the middle to the sides of the box
        sizes = np.ceil(2 * reach)
        rooms = (width, height) - sizes
        shares = rng.random((len(chosen), TRIES, 2))
        numbers = np.nonzero((rooms >= 0).all(1))[0]  # texts that fit into the page
        tries = np.floor(shares[numbers] * (rooms[numbers, None] + 1)).astype(np.int32)
        firsts = np.zeros(len(numbers), int)
        if self.limit_paste:
            there = len(page.polygons)
            boxes = np.empty((there + len(numbers), 4), np.int32)
            if there:
                # Whatever reaches over the edge is in nobody's way there.
                low, high = (side.clip(-1, (width + 1, height + 1)) for side in bounds(page.polygons))
                boxes[:there, :2], boxes[:there, 2:] = np.floor(low), np.ceil(high)
            firsts = first_free(tries, sizes[numbers].astype(np.int32), boxes, there)
        placed = firsts >= 0
        numbers, places = numbers[placed], tries[placed, firsts[placed]]
        halves, middles = halves[numbers], places + reach[numbers]
        polygons = (middles[:, None] + CORNERS @ halves).astype(np.float32)
        matrices = _moves(quads[numbers], middles, halves, polygons)
        return [Paste(*row) for row in zip(chosen[numbers].tolist(), matrices, polygons, strict=True)]

    def _halves(self, rng, quads):
        """Half the width and half the height of each text, scaled, mirrored and turned, as vectors: (N, 2, 2)."""
        count = len(quads)
        sides = np.hypot(*(quads - quads[:, [1, 2, 3, 0]]).transpose(2, 0, 1))
        half = np.maximum(1.0, np.maximum(sides[:, :2], sides[:, 2:])) / 2  # of width and height
        if self.scale:
            half *= rng.uniform(*self.scale, (count, 1))
        if self.flip:
            half[:, 0] *= np.where(rng.random(count) < 0.5, -1.0, 1.0)
        angles = np.deg2rad(rng.integers(360, size=count)) if self.rotate else np.zeros(count)
        cos, sin = np.cos(angles), np.sin(angles)  # against the clock, on a screen whose y points down
        return np.stack([cos, -sin, sin, cos], 1).reshape(-1, 2, 2) * half[..., None]

    @staticmethod
    def apply(page: LabeledPage, donor: LabeledPage, pastes: list[Paste]) -> LabeledPage:
        """Paste; a new page comes back, its own texts first.

        Args:
            page: that receives the texts.
            donor: page that the texts are taken from.
            pastes: what `sample` returned for these two pages.
        """
        image = page.image.copy()
        if not pastes:
            return page._replace(image=image)
        height, width = image.shape[:2]
        polygons = np.array([paste.polygon for paste in pastes])
        low, high = bounds(polygons)
        low = np.maximum(np.floor(low), 0).astype(np.int32)
        high = np.minimum(np.ceil(high).astype(np.int32) + 1, (width, height))
        outlines = np.round(polygons - low[:, None]).astype(np.int32)
        matrices = np.array([paste.matrix for paste in pastes])
        matrices[:, :2] -= low[..., None] * matrices[:, 2:]  # into each text's own window
        bent = matrices[:, 2, :2].any(1).tolist()
        for outline, matrix, bends, (left, top), (right, bottom) in zip(
            outlines, matrices, bent, low.tolist(), high.tolist(), strict=True
        ):
            if left >= right or top >= bottom:
                continue
            warp, rows = (cv2.warpPerspective, 3) if bends else (cv2.warpAffine, 2)
            size = (right - left, bottom - top)
            piece = warp(donor.image, matrix[:rows], size, borderMode=cv2.BORDER_REPLICATE)
            mask = cv2.fillPoly(np.zeros(size[::-1], np.uint8), [outline], 1)
            cv2.copyTo(piece, mask, image[top:bottom, left:right])
        polygons = polygons.clip(0, (width, height))
        return LabeledPage(
            image,
            np.concatenate([np.asarray(page.polygons, np.float32).reshape(-1, 4, 2), polygons]),
            [*page.texts, *(donor.texts[p.index] for p in pastes)],
            np.concatenate([np.asarray(page.ignored, bool), np.zeros(len(pastes), bool)]),
        )

    def __call__(self, rng: np.random.Generator, page: LabeledPage, donor: LabeledPage) -> LabeledPage:
        """Draw and paste. A donor without readable texts leaves the page as it is."""
        return self.apply(page, donor, self.sample(rng, page, donor))


def _moves(quads, middles, halves, polygons):
    """Matrices (N, 3, 3) that take quadrangles (N, 4, 2) to rectangles; with perspective where a quadrangle has some.

    Where it is a parallelogram the warp needs no division and is twice as fast.

    Args:
        quads: (N, 4, 2).
        middles, halves, polygons: of the rectangles, (N, 2), (N, 2, 2) and (N, 4, 2).
    """
    # Half a width, half a height, and what no parallelogram has, as vectors.
    own = np.stack([*(CORNERS.T / 4), np.array([1, -1, 1, -1]) / 4]) @ quads
    (x, y), (across, down) = own[:, 0].T, own[:, 1].T
    area = x * down - y * across
    straight = (np.hypot(*own[:, 2].T) <= STRAIGHT) & (area != 0)
    inverse = (
        np.stack([down, -y, -across, x], 1).reshape(-1, 2, 2) / np.where(straight, area, 1)[:, None, None]
    )
    matrices = np.zeros((len(quads), 3, 3))
    matrices[:, 2, 2] = 1
    matrices[:, :2, :2] = turns = (inverse @ halves).swapaxes(1, 2)
    matrices[:, :2, 2] = middles - (turns @ quads.mean(1)[..., None])[..., 0]
    for index in np.nonzero(~straight)[0].tolist():
        matrices[index] = cv2.getPerspectiveTransform(quads[index].astype(np.float32), polygons[index])
    return matrices
