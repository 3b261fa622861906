"""Transforms of every pipeline: decode, normalize, planes first, keep (ppocr/data/imaug/operators.py).

Class names and arguments are those of PaddleOCR's configurations. Each takes a generator and a Sample, which it
changes. Those of pages stand in det_transforms.py, those of lines in line_transforms.py.
"""

import cv2
import numpy as np

from ..kernels.planes import look_up_planes
from .pictures import read_training_picture
from .resize import IMAGENET_MEAN, IMAGENET_STD
from .sample import FIELDS, Sample


class DecodeImage:
    """Picture file to pixels.

    Args:
        img_mode: order of the planes that the net gets, "BGR", "RGB" or "GRAY".
        channel_first: not known here; ToCHWImage does that.
        ignore_orientation: leave EXIF orientation alone; not known here.
    """

    def __init__(
        self, *, img_mode: str = "BGR", channel_first: bool = False, ignore_orientation: bool = False
    ):
        if img_mode not in ("BGR", "RGB", "GRAY") or channel_first or ignore_orientation:
            raise ValueError(
                "known are img_mode BGR, RGB and GRAY, channel_first and ignore_orientation false"
            )
        self.img_mode = img_mode

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        sample.image = read_training_picture(sample.picture)
        sample.bgr = self.img_mode == "BGR"
        if self.img_mode == "GRAY":
            sample.image = cv2.cvtColor(cv2.cvtColor(sample.image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


class NormalizeImage:
    """Pixels to numbers around 0: (pixel * scale - mean) / std, on planes in the net's order.

    Args:
        scale: "1./255." or a number.
        mean, std: one a plane.
        order: "hwc".
    """

    def __init__(
        self,
        *,
        scale: float = 1 / 255,
        mean: list[float] | None = None,
        std: list[float] | None = None,
        order: str = "hwc",
    ):
        if order != "hwc":
            raise ValueError(f"order is {order!r}; known is 'hwc', before ToCHWImage")
        mean = np.array(IMAGENET_MEAN if mean is None else mean, np.float32)
        std = np.array(IMAGENET_STD if std is None else std, np.float32)
        if mean.shape != (3,) or std.shape != (3,) or not (std > 0).all():
            raise ValueError(f"mean is {mean.tolist()}, std {std.tolist()}; three numbers each, std above 0")
        # Byte by byte there are 256 answers a plane.
        scaled = np.arange(256, dtype=np.float32) * np.float32(scale)
        self.tables = (scaled - mean[:, None]) / std[:, None]

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        image = sample.pixels()
        planes = np.empty((3, *image.shape[:2]), np.float32)
        sources = np.array([2, 1, 0] if sample.bgr else [0, 1, 2])
        if look_up_planes is not None:
            look_up_planes(image, self.tables, sources, planes)
        else:
            channels = cv2.split(image)
            for out, source, table in zip(planes, sources, self.tables, strict=True):
                cv2.LUT(channels[source], table, dst=out)
        # Plane by plane in memory, seen as (H, W, 3): ToCHWImage then has nothing to move.
        sample.image = planes.transpose(1, 2, 0)


class ToCHWImage:
    """(H, W, 3) to (3, H, W)."""

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        sample.image = np.ascontiguousarray(sample.pixels().transpose(2, 0, 1))


class KeepKeys:
    """What the net and the loss get.

    Args:
        keep_keys: names of FIELDS in datasets/sample.py.
    """

    def __init__(self, *, keep_keys: list[str]):
        unknown = [key for key in keep_keys if key not in FIELDS]
        if unknown:
            raise ValueError(f"keep_keys {unknown}; known are {list(FIELDS)}")
        self.keep_keys = list(keep_keys)

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        empty = [key for key in self.keep_keys if getattr(sample, FIELDS[key]) is None]
        if empty:
            raise ValueError(f"KeepKeys asks for {empty}, which no transform before it has made")
