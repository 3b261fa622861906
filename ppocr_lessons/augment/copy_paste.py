"""CopyPaste: texts of one page are pasted onto another (chapter 3.1.2).

A page has few texts and much background. CopyPaste gives the detector more texts, at places and angles that do not
occur in real layouts. It has four steps, one function each: `choose_texts`, `turn_texts`, `find_places`, `paste_texts`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ..kernels.compiled import accelerated_by
from ..kernels.places import first_free_compiled
from ..polygons import bounds, clip_polygons
from .bda import check_probability
from .geometry import warp_onto

MOST, TRIES = 30, 50
"""Maximum number of texts that are pasted onto a page, and number of places that are tried for each."""

CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
"""Corners of a rectangle, in units of half its width and half its height from its center."""

STRAIGHT = 0.25
"""Quadrangles that differ by at most this many pixels from a parallelogram are treated as one. Most labels are rounded
to whole pixels and are not more precise."""


class LabeledPage(NamedTuple):
    """A page with its labels.

    Fields:
        image: (H, W, 3) uint8 RGB.
        polygons: (N, 4, 2) float32 in pixels.
        texts: N texts.
        ignored: (N,) bool.
    """

    image: np.ndarray
    polygons: np.ndarray
    texts: list[str]
    ignored: np.ndarray


class Paste(NamedTuple):
    """One text of the donor and its place on the page.

    Fields:
        index: number of the text on the donor page.
        matrix: (3, 3), from pixels of the donor page to pixels of the page; it maps the corners of the text to
            `polygon`, up to STRAIGHT pixels.
        polygon: (4, 2) float32 in pixels of the page.
    """

    index: int
    matrix: np.ndarray
    polygon: np.ndarray


def choose_texts(rng: np.random.Generator, donor: LabeledPage, ratio: float) -> np.ndarray:
    """Choose texts of the donor page at random; ignored texts are never chosen.

    Args:
        rng: source of all random numbers.
        donor: page that the texts are taken from.
        ratio: fraction of the donor's texts; 1 to 30 texts are chosen, but not more than are readable.

    Returns: (n,) int, numbers of the chosen texts.
    """
    readable = np.nonzero(~np.asarray(donor.ignored, bool))[0]
    count = max(1, min(int(ratio * len(donor.polygons)), MOST))
    return rng.permutation(readable)[:count]


def turn_texts(
    rng: np.random.Generator,
    quads: np.ndarray,
    *,
    rotate: bool = True,
    scale: Sequence[float] | None = None,
    flip: bool = False,
) -> np.ndarray:
    """Draw the size and the angle of each text, which becomes a rectangle with the quadrangle's longer sides.

    Args:
        rng: source of all random numbers.
        quads: (n, 4, 2) in pixels of the donor page.
        rotate: rotate by 0 to 359 whole degrees.
        scale: (low, high) of the factor by which sizes are multiplied; None keeps the size.
        flip: mirror half of the texts.

    Returns: (n, 2, 2) float64 in pixels: the vector of half the width and the vector of half the height.
    """
    count = len(quads)
    sides = np.hypot(*(quads - quads[:, [1, 2, 3, 0]]).transpose(2, 0, 1))
    half = np.maximum(1.0, np.maximum(sides[:, :2], sides[:, 2:])) / 2  # of width and height
    if scale:
        half *= rng.uniform(*scale, (count, 1))  # pyright: ignore[reportCallIssue]
    if flip:
        half[:, 0] *= np.where(rng.random(count) < 0.5, -1.0, 1.0)
    angles = np.deg2rad(rng.integers(360, size=count)) if rotate else np.zeros(count)
    cos, sin = np.cos(angles), np.sin(angles)  # counterclockwise on the screen, where y points down
    return np.stack([cos, -sin, sin, cos], 1).reshape(-1, 2, 2) * half[..., None]


@accelerated_by(first_free_compiled)
def first_free(candidates, sizes, occupied) -> np.ndarray:
    """For each text, the first candidate place whose box overlaps neither an occupied box nor an earlier text.

    Args:
        candidates: (n, T, 2) int32 in pixels, top left corners to try for each text.
        sizes: (n, 2) int32, width and height of each text in pixels.
        occupied: (M, 4) int32 in pixels: left, top, right, bottom of the boxes to avoid.

    Returns: (n,) number of the chosen candidate, or -1 for a text that fits nowhere.
    """
    firsts = np.full(len(candidates), -1)
    for text, (corners, size) in enumerate(zip(candidates, sizes, strict=True)):
        boxes = np.concatenate([corners, corners + size], 1)  # (T, 4)
        apart = (boxes[:, None, 2:] <= occupied[:, :2]) | (boxes[:, None, :2] >= occupied[:, 2:])  # (T, M, 2)
        free = apart.any(2).all(1)  # pyright: ignore[reportArgumentType]
        if free.any():
            firsts[text] = free.argmax()
            occupied = np.concatenate([occupied, boxes[firsts[text], None]])
    return firsts


def find_places(
    rng: np.random.Generator, halves: np.ndarray, page: LabeledPage, *, limit_paste: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Try 50 random places for each text, and leave out the texts for which none is free.

    Args:
        rng: source of all random numbers.
        halves: (n, 2, 2) in pixels, from `turn_texts`.
        page: page that receives the texts.
        limit_paste: avoid other texts; otherwise the first place is taken.

    Returns: (k,) int, numbers of the texts that found a place; (k, 2) float64, their centers in pixels.
    """
    height, width = page.image.shape[:2]
    reach = np.abs(halves).sum(1)  # (n, 2), from the center to the sides of the upright box around the text
    sizes = np.ceil(2 * reach)
    room = (width, height) - sizes
    shares = rng.random((len(halves), TRIES, 2))
    fitting = np.nonzero((room >= 0).all(1))[0]
    candidates = np.floor(shares[fitting] * (room[fitting, None] + 1)).astype(np.int32)
    firsts = np.zeros(len(fitting), int)
    if limit_paste:
        firsts = first_free(
            candidates, sizes[fitting].astype(np.int32), _occupied(page.polygons, width, height)
        )
    placed = firsts >= 0
    texts = fitting[placed]
    return texts, candidates[placed, firsts[placed]] + reach[texts]


def _occupied(polygons, width, height):
    """Boxes of a page's own texts in whole pixels, (N, 4) int32: left, top, right, bottom."""
    if not len(polygons):
        return np.zeros((0, 4), np.int32)
    # No candidate is beyond the edges of the page, so coordinates are clipped just outside it.
    low, high = (corner.clip(-1, (width + 1, height + 1)) for corner in bounds(polygons))
    return np.concatenate([np.floor(low), np.ceil(high)], 1).astype(np.int32)


def paste_texts(page: LabeledPage, donor: LabeledPage, pastes: list[Paste]) -> LabeledPage:
    """Copy the pixels of texts to their places.

    Args:
        page: page that receives the texts.
        donor: page that the texts are taken from.
        pastes: what to paste, in this order.

    Returns: a new page; its own texts come first.
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
    matrices[:, :2] -= low[..., None] * matrices[:, 2:]  # to pixels of each text's own window
    bent: list[bool] = matrices[:, 2, :2].any(axis=1).tolist()  # pyright: ignore[reportAssignmentType]
    for outline, matrix, bends, (left, top), (right, bottom) in zip(
        outlines, matrices, bent, low.tolist(), high.tolist(), strict=True
    ):
        if left >= right or top >= bottom:
            continue
        mask = cv2.fillPoly(np.zeros((bottom - top, right - left), np.uint8), [outline], 1)
        warp_onto(image[top:bottom, left:right], mask, donor.image, matrix if bends else matrix[:2])
    own = np.asarray(page.polygons, np.float32).reshape(-1, 4, 2)
    return LabeledPage(
        image,
        np.concatenate([own, clip_polygons(polygons, (height, width))]),
        [*page.texts, *(donor.texts[paste.index] for paste in pastes)],
        np.concatenate([np.asarray(page.ignored, bool), np.zeros(len(pastes), bool)]),
    )


class CopyPaste:
    """Paste texts of a donor page where they touch no other text.

    As in PaddleOCR, a fraction of the donor's readable texts is pasted at the original size. Each text is rotated by a
    whole number of degrees, tried at 50 places, and left out if none is free. The text of the chapter describes random
    scaling and flipping instead; `scale` and `flip` do that.

    Args:
        objects_paste_ratio: fraction of the donor's texts, but at least 1 and at most 30 texts; see `choose_texts`.
        limit_paste: avoid other texts; otherwise the first place is taken.
        rotate: rotate by 0 to 359 degrees.
        scale: (low, high) of the factor by which sizes are multiplied; None keeps the size.
        flip: mirror half of the pasted texts.

    Raises:
        ValueError: objects_paste_ratio outside 0..1, or a scale that does not satisfy 0 < low <= high.
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
        """Choose texts of the donor and a place for each; texts without a free place are left out.

        Args:
            rng: source of all random numbers.
            page: page that receives the texts.
            donor: page that the texts are taken from.

        Returns: what to paste and where.
        """
        chosen = choose_texts(rng, donor, self.objects_paste_ratio)
        quads = np.asarray(donor.polygons, np.float64)[chosen]
        halves = turn_texts(rng, quads, rotate=self.rotate, scale=self.scale, flip=self.flip)
        placed, centers = find_places(rng, halves, page, limit_paste=self.limit_paste)
        halves = halves[placed]
        polygons = (centers[:, None] + CORNERS @ halves).astype(np.float32)
        matrices = _matrices(quads[placed], centers, halves, polygons)
        return [Paste(*row) for row in zip(chosen[placed].tolist(), matrices, polygons, strict=True)]

    @staticmethod
    def apply(page: LabeledPage, donor: LabeledPage, pastes: list[Paste]) -> LabeledPage:
        """Paste what `sample` returned for these two pages; see `paste_texts`.

        Args:
            page: page that receives the texts.
            donor: page that the texts are taken from.
            pastes: what to paste.

        Returns: a new page.
        """
        return paste_texts(page, donor, pastes)

    def __call__(self, rng: np.random.Generator, page: LabeledPage, donor: LabeledPage) -> LabeledPage:
        """Choose, turn, find places and paste. If the donor has no readable text, nothing is pasted."""
        return self.apply(page, donor, self.sample(rng, page, donor))


def _matrices(quads, centers, halves, polygons):
    """Matrices (n, 3, 3) that map quadrangles of the donor to rectangles of the page.

    A parallelogram needs no perspective, so its warp needs no division and is twice as fast.
    """
    # Vectors of half a width, half a height, and the deviation from a parallelogram.
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
    matrices[:, :2, 2] = centers - (turns @ quads.mean(1)[..., None])[..., 0]
    for index in np.nonzero(~straight)[0].tolist():
        matrices[index] = cv2.getPerspectiveTransform(quads[index].astype(np.float32), polygons[index])
    return matrices
