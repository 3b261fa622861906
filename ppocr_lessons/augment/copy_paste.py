"""CopyPaste: texts of one page are pasted onto another (chapter 3.1.2).

A page has few texts and much background. Pasting gives the detector more of the first, in places and at angles
that no layout would have.
"""

from typing import NamedTuple

import cv2
import numpy as np

from .bda import check_probability

MOST = 30
TRIES = 50

STRAIGHT = 1e-4
"""Change of perspective's divisor over a picture that moves no pixel by more than a tenth."""


class LabelledPage(NamedTuple):
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
        matrix: (3, 3), from the donor's picture into the page's.
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
        scale: tuple[float, float] | None = None,
        flip: bool = False,
    ):
        check_probability("objects_paste_ratio", objects_paste_ratio)
        if scale is not None and not 0 < scale[0] <= scale[1]:
            raise ValueError(f"scale is {scale}; (low, high) with 0 < low <= high is needed")
        self.objects_paste_ratio, self.limit_paste = objects_paste_ratio, limit_paste
        self.rotate, self.scale, self.flip = rotate, scale, flip

    def sample(self, rng: np.random.Generator, page: LabelledPage, donor: LabelledPage) -> list[Paste]:
        """Choose texts of the donor and a place for each; those without a free place are left out."""
        readable = np.nonzero(~np.asarray(donor.ignored, bool))[0]
        count = max(1, min(int(self.objects_paste_ratio * len(donor.polygons)), MOST))
        height, width = page.image.shape[:2]
        # Edges of every text's box, with room for those that are pasted: left, top, right, bottom.
        taken = len(page.polygons)
        edges = np.empty((4, taken + count), np.float64)
        edges[:, :taken] = _edges(page.polygons)
        chosen = rng.permutation(readable)[:count]
        quads = np.asarray(donor.polygons, np.float64)[chosen]
        turned = self._turned(rng, quads)
        corner, extent = turned.min(1), np.ptp(turned, axis=1)
        sizes = np.ceil(extent)
        rooms, pastes = (width, height) - sizes, []
        tries = np.floor(rng.random((len(chosen), TRIES, 2)) * (rooms[:, None] + 1))
        moved = turned - corner[:, None]
        for number in np.nonzero((rooms >= 0).all(1))[0].tolist():
            place = tries[number, 0]
            if self.limit_paste:
                # All tries at once: the place is free if its box misses the box of every text.
                x, y = tries[number].T[..., None]
                left, top, right, bottom = edges[:, :taken]
                hit = (x < right) & (x + sizes[number, 0] > left)
                hit &= y < bottom
                hit &= y + sizes[number, 1] > top
                busy = hit.any(1)
                free = busy.argmin()
                if busy[free]:
                    continue
                place = tries[number, free]
            polygon = (moved[number] + place).astype(np.float32)
            matrix = cv2.getPerspectiveTransform(quads[number].astype(np.float32), polygon)
            pastes.append(Paste(int(chosen[number]), matrix, polygon))
            edges[:2, taken], edges[2:, taken] = place, place + extent[number]
            taken += 1
        return pastes

    def _turned(self, rng, quads):
        """The texts straightened, scaled, mirrored and turned, each about its own middle: (N, 4, 2)."""
        count = len(quads)
        sides = np.linalg.norm(quads - quads[:, [1, 2, 3, 0]], axis=2)
        half = np.maximum(1.0, np.maximum(sides[:, :2], sides[:, 2:])) / 2  # of width and height
        if self.scale:
            half *= rng.uniform(*self.scale, (count, 1))
        corners = half[:, None] * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        if self.flip:
            corners[..., 0] *= np.where(rng.random(count) < 0.5, -1.0, 1.0)[:, None]
        if not self.rotate:
            return corners
        angles = np.deg2rad(rng.integers(360, size=count))  # against the clock
        cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
        x, y = corners[..., 0], corners[..., 1]
        return np.stack([x * cos + y * sin, y * cos - x * sin], -1)

    @staticmethod
    def apply(page: LabelledPage, donor: LabelledPage, pastes: list[Paste]) -> LabelledPage:
        """Paste; a new page comes back, its own texts first."""
        image = page.image.copy()
        height, width = image.shape[:2]
        for paste in pastes:
            low = np.maximum(np.floor(paste.polygon.min(0)), 0).astype(int)
            high = np.minimum(np.ceil(paste.polygon.max(0)).astype(int) + 1, (width, height))
            if (high <= low).any():
                continue
            move = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ paste.matrix
            size = (int(high[0] - low[0]), int(high[1] - low[1]))
            piece = _warp(donor.image, move, size)
            mask = np.zeros(size[::-1], np.uint8)
            cv2.fillPoly(mask, [np.round(paste.polygon - low).astype(np.int32)], 1)
            cv2.copyTo(piece, mask, image[low[1] : high[1], low[0] : high[0]])
        if not pastes:
            return page._replace(image=image)
        polygons = np.array([p.polygon for p in pastes], np.float32).clip(0, (width, height))
        return LabelledPage(
            image,
            np.concatenate([np.asarray(page.polygons, np.float32).reshape(-1, 4, 2), polygons]),
            [*page.texts, *(donor.texts[p.index] for p in pastes)],
            np.concatenate([np.asarray(page.ignored, bool), np.zeros(len(pastes), bool)]),
        )

    def __call__(self, rng: np.random.Generator, page: LabelledPage, donor: LabelledPage) -> LabelledPage:
        """Draw and paste. A donor without readable texts leaves the page as it is."""
        return self.apply(page, donor, self.sample(rng, page, donor))


def _warp(image, matrix, size):
    """Cut a piece of an image; the cheaper way where parallels stay parallel, as those of most labels do."""
    bend = np.abs(matrix[2, :2] / matrix[2, 2]) * image.shape[1::-1]
    warp, rows = (cv2.warpPerspective, 3) if bend.max() > STRAIGHT else (cv2.warpAffine, 2)
    matrix = matrix[:rows] / matrix[2, 2]
    return warp(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _edges(polygons):
    polygons = np.asarray(polygons, np.float64)
    if not polygons.size:
        return np.empty((4, 0))
    return np.concatenate([polygons.min(1), polygons.max(1)], 1).T
