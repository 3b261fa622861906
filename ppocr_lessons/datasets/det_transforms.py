"""Transforms of pages: labels, geometry, the target maps of DBNet, the size for evaluation (ppocr/data/imaug)."""

import cv2
import numpy as np

from ..augment.geometry import Geometry, Placement
from ..augment.imgaug_steps import ImgaugStep
from ..det.targets import make_shrink_map, make_threshold_map, validate_polygons
from ..polygons import same_length
from .labels import DONT_CARE, parse_outlines
from .resize import LIMIT_TYPES, page_size
from .sample import Sample


class DetLabelEncode:
    """Parse the JSON of a label file into polygons and texts; the texts "###" and "*" are marked as ignored.

    PaddleOCR: DetLabelEncode in ppocr/data/imaug/label_ops.py.
    """

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        outlines, sample.texts = parse_outlines(sample.label)
        sample.polygons = same_length(outlines)
        sample.ignored = np.array([text in DONT_CARE for text in sample.texts], bool)


DEFAULT_AUGMENTERS = [
    {"type": "Fliplr", "args": {"p": 0.5}},
    {"type": "Affine", "args": {"rotate": [-10, 10]}},
    {"type": "Resize", "args": {"size": [0.5, 3]}},
]


class IaaAugment:
    """A sequence of augmenters that move or change a page.

    Fliplr, Affine with only `rotate`, and Resize are steps of augment/geometry.py: their matrices are multiplied,
    and pixels are resampled once, later. All other augmenters are imgaug's own (augment/imgaug_steps.py).

    Args:
        augmenter_args: list of {"type": name, "args": {...}}. None flips half of the pages, rotates by up to 10 degrees
            in either direction and scales by 0.5 to 3.

    Raises:
        ValueError: an entry has the wrong form, an augmenter is unknown, or it does not accept its arguments.
    PaddleOCR: IaaAugment in ppocr/data/imaug/iaa_augment.py.
    """

    def __init__(self, *, augmenter_args: list | None = None):
        self.steps = [
            _augmenter(entry) for entry in (DEFAULT_AUGMENTERS if augmenter_args is None else augmenter_args)
        ]

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        moved = Placement(np.eye(3), sample.size)
        for step in self.steps:
            if isinstance(step, Geometry):
                moved = step.place(moved, step.sample(rng))
            else:
                sample.move(moved)
                sample.image, sample.polygons = step(rng, sample.pixels(), sample.polygons)
                moved = Placement(np.eye(3), sample.size)
        sample.move(moved)


def _augmenter(entry):
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str) or set(entry) - {"type", "args"}:
        raise ValueError(f"augmenter {entry!r}; {{type: name, args: {{...}}}} is needed")
    name, args = entry["type"], entry.get("args") or {}
    if not isinstance(args, dict):
        raise ValueError(
            f"args of augmenter {name!r} is {args!r}; a mapping of argument names to values is needed"
        )
    still = {"flip_prob": 0.0, "rotate": (0, 0), "resize": (1, 1)}
    if name == "Fliplr" and set(args) <= {"p"}:
        prob = args.get("p", 1.0)
        if not _is_number(prob):
            raise ValueError(f"p is {prob!r}; a number in 0..1 is needed")
        return Geometry(**still | {"flip_prob": prob})
    if name == "Affine" and set(args) == {"rotate"}:
        return Geometry(**still | {"rotate": _range("rotate", args["rotate"])})
    if name == "Resize" and set(args) == {"size"}:
        return Geometry(**still | {"resize": _range("size", args["size"])})
    return ImgaugStep(name, args)


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _range(name, value):
    pair = [value, value] if _is_number(value) else value
    if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(map(_is_number, pair)):
        raise ValueError(f"{name} is {value!r}; a number or [lowest, highest] is needed")
    return tuple(pair)


class MakeBorderMap:
    """Make the threshold map and its mask; see `make_threshold_map` in det/targets.py.

    Args:
        shrink_ratio: between 0 and 1; the distance of the band's edges from the outline follows from it.
        thresh_min: value of the map far from outlines.
        thresh_max: value of the map on an outline.

    Raises:
        ValueError: a shrink_ratio outside 0..1.
    PaddleOCR: MakeBorderMap in ppocr/data/imaug/make_border_map.py.
    """

    def __init__(self, *, shrink_ratio: float = 0.4, thresh_min: float = 0.3, thresh_max: float = 0.7):
        if not 0 < shrink_ratio < 1:
            raise ValueError(f"shrink_ratio is {shrink_ratio}; a number between 0 and 1 is needed")
        self.ratio, self.low, self.high = shrink_ratio, thresh_min, thresh_max

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        shape = sample.pixels().shape[:2]
        sample.threshold_map, sample.threshold_mask = make_threshold_map(
            sample.polygons,
            sample.ignored,
            shape,
            ratio=self.ratio,
            thresh_min=self.low,
            thresh_max=self.high,
        )


class MakeShrinkMap:
    """Make the shrink map and its mask; see `make_shrink_map` in det/targets.py.

    Args:
        min_text_size: texts whose sides are shorter than this number of pixels are ignored.
        shrink_ratio: between 0 and 1; a smaller ratio shrinks polygons more.

    Raises:
        ValueError: a shrink_ratio outside 0..1.
    PaddleOCR: MakeShrinkMap in ppocr/data/imaug/make_shrink_map.py.
    """

    def __init__(self, *, min_text_size: int = 8, shrink_ratio: float = 0.4):
        if not 0 < shrink_ratio < 1:
            raise ValueError(f"shrink_ratio is {shrink_ratio}; a number between 0 and 1 is needed")
        self.ratio, self.smallest = shrink_ratio, min_text_size

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        shape = sample.pixels().shape[:2]
        polygons, ignored = validate_polygons(sample.polygons, sample.ignored, shape)
        sample.shrink_map, sample.shrink_mask, sample.ignored = make_shrink_map(
            polygons, ignored, shape, ratio=self.ratio, min_text_size=self.smallest
        )


class DetResizeForTest:
    """Resize a page to the size at which it is evaluated.

    The first of these arguments that is given decides: image_shape, limit_side_len, resize_long. Without any of them the
    short side becomes at least 736 pixels.

    Args:
        image_shape: [height, width] in pixels.
        keep_ratio: with image_shape: keep the aspect ratio, so that only the height counts; the width is rounded up to a
            multiple of 32.
        limit_side_len: in pixels; see `page_size` in datasets/resize.py.
        limit_type: "min", "max" or "resize_long", see `page_size`; without limit_side_len it has no effect, as in
            PaddleOCR.
        resize_long: length of the long side in pixels; both sides are rounded up to multiples of 128.

    Raises:
        ValueError: unknown limit_type, or an image_shape that is not two numbers.
    PaddleOCR: DetResizeForTest in ppocr/data/imaug/operators.py.
    """

    def __init__(
        self,
        *,
        image_shape: list[int] | None = None,
        keep_ratio: bool = False,
        limit_side_len: int | None = None,
        limit_type: str = "min",
        resize_long: int | None = None,
    ):
        if limit_type not in LIMIT_TYPES:
            raise ValueError(f"limit_type is {limit_type!r}; known are {list(LIMIT_TYPES)}")
        if image_shape is not None and len(image_shape) != 2:
            raise ValueError(f"image_shape is {image_shape}; [height, width] is needed")
        self.image_shape, self.keep_ratio = image_shape, keep_ratio
        self.limit_side_len, self.limit_type = (
            (736, "min") if limit_side_len is None else (limit_side_len, limit_type)
        )
        self.long = resize_long if limit_side_len is None else None

    def new_size(self, height: int, width: int) -> tuple[int, int]:
        """Compute the size of the result.

        Args:
            height: of the page in pixels.
            width: of the page in pixels.

        Returns: (height, width) in pixels.
        """
        if self.image_shape:
            tall, wide = self.image_shape
            return tall, -(-width * tall // height // 32) * 32 if self.keep_ratio else wide
        if self.long:
            factor = self.long / max(height, width)
            return tuple(-(-int(side * factor) // 128) * 128 for side in (height, width))
        return page_size(height, width, limit_side_len=self.limit_side_len, limit_type=self.limit_type)

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        height, width = sample.pixels().shape[:2]
        tall, wide = self.new_size(height, width)
        sample.image = cv2.resize(sample.image, (wide, tall))
        sample.shape = np.array([height, width, tall / height, wide / width], np.float32)
