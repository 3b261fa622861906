"""How one step of a pipeline changes a sample.

Transforms of this package take a sample. Augmentations do not know samples: they take random numbers, images and
polygons. Here each kind of augmentation gets its input from a sample, and its result is stored in the sample.
"""

import functools

import numpy as np

from ..augment.auto_augment import AutoAugment
from ..augment.bda import BDA, RecAug
from ..augment.copy_paste import CopyPaste
from ..augment.cutout import CutOut
from ..augment.geometry import Placement
from ..augment.grid_mask import GridMask
from ..augment.hide_and_seek import HideAndSeek
from ..augment.rand_augment import RandAugment
from ..augment.random_crop import EastRandomCropData
from ..augment.random_erasing import RandomErasing
from ..augment.textbook_bda import TextbookBDA
from .sample import Sample


@functools.singledispatch
def run_step(step, rng: np.random.Generator, sample: Sample) -> None:
    """Apply a transform or an augmentation to a sample, which is changed in place.

    Args:
        step: of a pipeline, built from its configuration.
        rng: source of all random numbers.
        sample: result of the preceding steps.

    Raises:
        ValueError: a sample that the step cannot use.
        PictureError: an image file that cannot be read.
    """
    step(rng, sample)


@run_step.register(RecAug)
@run_step.register(BDA)
@run_step.register(TextbookBDA)
@run_step.register(RandAugment)
@run_step.register(AutoAugment)
@run_step.register(CutOut)
@run_step.register(RandomErasing)
@run_step.register(HideAndSeek)
@run_step.register(GridMask)
def _augment_line(step, rng: np.random.Generator, sample: Sample) -> None:
    sample.image = step(rng, sample.image)


@run_step.register(CopyPaste)
def _copy_paste(step: CopyPaste, rng: np.random.Generator, sample: Sample) -> None:
    """Paste texts; without a donor, or if a text does not have four corners, the page stays unchanged."""
    if sample.donor is None or sample.polygons.shape[1] != 4:
        return
    page = step(rng, sample.page(), sample.donor.page())
    sample.image, sample.polygons, sample.texts, sample.ignored = page


@run_step.register(EastRandomCropData)
def _random_crop(step: EastRandomCropData, rng: np.random.Generator, sample: Sample) -> None:
    """Resample the window from the decoded page, together with all pending moves."""
    before = sample.placement or Placement.of(sample.image)
    drawn = step.sample(rng, sample.polygons, sample.ignored, sample.size)
    window, filled = step.place(Placement(np.eye(3), sample.size), drawn)
    polygons = window.points(sample.polygons)
    kept = step.kept(polygons, filled) if len(polygons) else np.zeros(0, bool)
    sample.image = step.pixels(sample.image, before.then(window.matrix, window.size))
    sample.placement = None
    sample.polygons, sample.ignored = polygons[kept], sample.ignored[kept]
    sample.texts = [text for text, keep in zip(sample.texts, kept, strict=True) if keep]
