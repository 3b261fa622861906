"""Transforms of all pipelines: decode, normalize, channels first, keep (ppocr/data/imaug/operators.py).

Names of classes and arguments are those of PaddleOCR's configurations. A transform is called with a random generator and
a Sample, which it changes in place. Transforms of pages are in det_transforms.py, those of lines in line_transforms.py,
augmentations in ../augment.
"""

import cv2
import numpy as np

from ..kernels.planes import look_up_planes
from .pictures import read_training_picture
from .resize import IMAGENET_MEAN, IMAGENET_STD
from .sample import FIELDS, Sample


class DecodeImage:
    """Decode an image file.

    Args:
        img_mode: order of the channels that the net gets, "BGR", "RGB" or "GRAY" (three equal channels).
        channel_first: only False is supported; ToCHWImage moves the channels.
        ignore_orientation: only False is supported; the EXIF orientation is always applied.

    Raises:
        ValueError: an argument that is not supported.
    PaddleOCR: DecodeImage in ppocr/data/imaug/operators.py.
    """

    def __init__(
        self, *, img_mode: str = "BGR", channel_first: bool = False, ignore_orientation: bool = False
    ):
        if img_mode not in ("BGR", "RGB", "GRAY") or channel_first or ignore_orientation:
            raise ValueError(
                "supported are img_mode BGR, RGB and GRAY, channel_first and ignore_orientation false"
            )
        self.img_mode = img_mode

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        sample.image = read_training_picture(sample.picture)
        sample.bgr = self.img_mode == "BGR"
        if self.img_mode == "GRAY":
            sample.image = cv2.cvtColor(cv2.cvtColor(sample.image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


class NormalizeImage:
    """Normalize pixels: (pixel * scale - mean) / std, with channels in the order of the net.

    Args:
        scale: factor of the pixels, which are 0..255.
        mean: of each of the three channels after scaling; ImageNet's if None.
        std: standard deviation of each channel, above 0; ImageNet's if None.
        order: only "hwc" is supported: the transform comes before ToCHWImage.

    Raises:
        ValueError: another order, or mean and std that are not three numbers each.
    PaddleOCR: NormalizeImage in ppocr/data/imaug/operators.py.
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
            raise ValueError(f"order is {order!r}; only 'hwc' is supported, before ToCHWImage")
        mean = np.array(IMAGENET_MEAN if mean is None else mean, np.float32)
        std = np.array(IMAGENET_STD if std is None else std, np.float32)
        if mean.shape != (3,) or std.shape != (3,) or not (std > 0).all():
            raise ValueError(f"mean is {mean.tolist()}, std {std.tolist()}; three numbers each, std above 0")
        # A byte has 256 values, so each channel needs a table of 256 results.
        self.scale, self.mean, self.std = np.float32(scale), mean, std
        scaled = np.arange(256, dtype=np.float32) * self.scale
        self.tables = (scaled - mean[:, None]) / std[:, None]

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        image = sample.pixels()
        planes = np.empty((3, *image.shape[:2]), np.float32)
        sources = np.array([2, 1, 0] if sample.bgr else [0, 1, 2])
        if look_up_planes is not None:
            look_up_planes(image, self.tables, sources, planes, self.scale, self.mean, self.std)
        else:
            channels = cv2.split(image)
            for out, source, table in zip(planes, sources, self.tables, strict=True):
                cv2.LUT(channels[source], table, dst=out)
        # The memory layout is (3, H, W), viewed as (H, W, 3), so that ToCHWImage does not have to copy.
        sample.image = planes.transpose(1, 2, 0)


class ToCHWImage:
    """Move the channels first: (H, W, 3) to (3, H, W).

    PaddleOCR: ToCHWImage in ppocr/data/imaug/operators.py.
    """

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        sample.image = np.ascontiguousarray(sample.pixels().transpose(2, 0, 1))


class KeepKeys:
    """Name the fields of a sample that the net and the loss use.

    Args:
        keep_keys: names of FIELDS in datasets/sample.py.

    Raises:
        ValueError: an unknown name.
    PaddleOCR: KeepKeys in ppocr/data/imaug/operators.py.
    """

    def __init__(self, *, keep_keys: list[str]):
        unknown = [key for key in keep_keys if key not in FIELDS]
        if unknown:
            raise ValueError(f"unknown keep_keys {unknown}; known are {list(FIELDS)}")
        self.keep_keys = list(keep_keys)

    def __call__(self, rng: np.random.Generator, sample: Sample) -> None:
        empty = [key for key in self.keep_keys if getattr(sample, FIELDS[key]) is None]
        if empty:
            raise ValueError(f"KeepKeys asks for {empty}, but no transform before it makes them")
