"""Transforms of pages: labels, CopyPaste, geometry, crop, the maps that DBNet is taught (ppocr/data/imaug)."""

import cv2
import numpy as np

from ..augment.copy_paste import CopyPaste as CopyPasteAugmentation
from ..augment.geometry import Geometry, Placement
from ..augment.imgaug_steps import ImgaugStep
from ..augment.random_crop import EastRandomCrop
from ..det.targets import make_shrink_map, make_threshold_map, validate_polygons
from ..polygons import same_length
from .labels import DONT_CARE, parse_outlines
from .resize import page_size
from .sample import Sample


class DetLabelEncode:
    """JSON of a label file to polygons and texts; "###" and "*" are ignored."""

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        outlines, sample.texts = parse_outlines(sample.label)
        sample.polygons = same_length(outlines)
        sample.ignored = np.array([text in DONT_CARE for text in sample.texts], bool)


class CopyPaste:
    """See augment/copy_paste.py. Without a donor of four-cornered texts the page stays as it is.

    Args:
        objects_paste_ratio: share of the donor's texts.
        limit_paste: keep clear of other texts.
    """

    def __init__(self, *, objects_paste_ratio: float = 0.2, limit_paste: bool = True):
        self.augmentation = CopyPasteAugmentation(
            objects_paste_ratio=objects_paste_ratio, limit_paste=limit_paste
        )

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        if sample.donor is None or sample.polygons.shape[1] != 4:
            return
        page = self.augmentation(rng, sample.page(), sample.donor.page())
        sample.image, sample.polygons, sample.texts, sample.ignored = page


DEFAULT_AUGMENTERS = [
    {"type": "Fliplr", "args": {"p": 0.5}},
    {"type": "Affine", "args": {"rotate": [-10, 10]}},
    {"type": "Resize", "args": {"size": [0.5, 3]}},
]


class IaaAugment:
    """A list of imgaug's augmenters: Fliplr, Affine's rotate and Resize are ours, others are imgaug's own.

    Args:
        augmenter_args: list of {"type": name, "args": {...}}; flip half, turn by up to 10 degrees, scale by 0.5 to 3
            if None.
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
        raise ValueError(f"args of augmenter {name!r} are {args!r}; named arguments are needed")
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


class EastRandomCropData:
    """See EastRandomCrop in augment/random_crop.py.

    Args:
        size: [width, height].
        max_tries, min_crop_side_ratio, keep_ratio: see there.
    """

    def __init__(
        self,
        *,
        size: list[int] = (640, 640),
        max_tries: int = 10,
        min_crop_side_ratio: float = 0.1,
        keep_ratio: bool = True,
    ):
        self.crop = EastRandomCrop(
            size=tuple(size),
            max_tries=max_tries,
            min_crop_side_ratio=min_crop_side_ratio,
            keep_ratio=keep_ratio,
        )

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        before = sample.placement or Placement.of(sample.image)
        drawn = self.crop.sample(rng, sample.polygons, sample.ignored, sample.size)
        step, filled = self.crop.place(Placement(np.eye(3), sample.size), drawn)
        polygons = step.points(sample.polygons)
        kept = self.crop.kept(polygons, filled) if len(polygons) else np.zeros(0, bool)
        sample.image = self.crop.pixels(sample.image, before.then(step.matrix, step.size))
        sample.placement = None
        sample.polygons, sample.ignored = polygons[kept], sample.ignored[kept]
        sample.texts = [text for text, keep in zip(sample.texts, kept, strict=True) if keep]


class MakeBorderMap:
    """Threshold map; see det/targets.py.

    Args:
        shrink_ratio, thresh_min, thresh_max: see there.
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
    """Shrink map; see det/targets.py.

    Args:
        min_text_size, shrink_ratio: see there.
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
    """Bring a page to the size that it is evaluated at; see page_size in datasets/resize.py.

    Args:
        image_shape: [height, width], or None for one of the rules below.
        keep_ratio: with image_shape: its height, the width in proportion, rounded up to 32.
        limit_side_len: pixels of the rule limit_type; None for resize_long, and if that is None too, for 736 as the
            short side at least.
        limit_type: "min", "max" or "resize_long"; without limit_side_len it has no effect, as in PaddleOCR.
        resize_long: long side in pixels, both rounded up to 128.

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
        if limit_type not in ("min", "max", "resize_long"):
            raise ValueError(f"limit_type is {limit_type!r}; known are ['min', 'max', 'resize_long']")
        if image_shape is not None and len(image_shape) != 2:
            raise ValueError(f"image_shape is {image_shape}; [height, width] is needed")
        self.image_shape, self.keep_ratio = image_shape, keep_ratio
        self.limit, self.rule = (736, "min") if limit_side_len is None else (limit_side_len, limit_type)
        self.long = resize_long if limit_side_len is None else None

    def new_size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of the result.

        Args:
            height, width: of the page in pixels.
        """
        if self.image_shape:
            tall, wide = self.image_shape
            return tall, -(-width * tall // height // 32) * 32 if self.keep_ratio else wide
        if self.long:
            factor = self.long / max(height, width)
            return tuple(-(-int(side * factor) // 128) * 128 for side in (height, width))
        return page_size(height, width, limit=self.limit, rule=self.rule)

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        height, width = sample.pixels().shape[:2]
        tall, wide = self.new_size(height, width)
        sample.image = cv2.resize(sample.image, (wide, tall))
        sample.shape = np.array([height, width, tall / height, wide / width], np.float32)
