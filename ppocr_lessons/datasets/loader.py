"""From entries to batches: the pipeline of transforms, the order of an epoch, and workers that prefetch batches."""

import sys
from collections.abc import Iterator, Sequence

import numpy as np
import paddle

from ..augment.auto_augment import AutoAugment
from ..augment.bda import BDA, RecAug
from ..augment.copy_paste import CopyPaste
from ..augment.cutout import CutOut
from ..augment.grid_mask import GridMask
from ..augment.hide_and_seek import HideAndSeek
from ..augment.rand_augment import RandAugment
from ..augment.random_crop import EastRandomCropData
from ..augment.random_erasing import RandomErasing
from ..augment.textbook_bda import TextbookBDA
from .batches import ClsBatch, DetBatch, RecBatch
from .det_transforms import DetLabelEncode, DetResizeForTest, IaaAugment, MakeBorderMap, MakeShrinkMap
from .labels import LabelError
from .line_transforms import ClsLabelEncode, ClsResizeImg, CTCLabelEncode, RecResizeImg
from .pictures import PictureError
from .run_step import run_step
from .sample import FIELDS, Sample
from .seeding import rng_for
from .transforms import DecodeImage, KeepKeys, NormalizeImage, ToCHWImage
from .workers import Ahead, stack

TRANSFORMS = {
    "DecodeImage": DecodeImage,
    "DetLabelEncode": DetLabelEncode,
    "ClsLabelEncode": ClsLabelEncode,
    "CTCLabelEncode": CTCLabelEncode,
    "CopyPaste": CopyPaste,
    "IaaAugment": IaaAugment,
    "EastRandomCropData": EastRandomCropData,
    "MakeBorderMap": MakeBorderMap,
    "MakeShrinkMap": MakeShrinkMap,
    "DetResizeForTest": DetResizeForTest,
    "RecAug": RecAug,
    "BaseDataAugmentation": BDA,
    "TextbookBDA": TextbookBDA,
    "RandAugment": RandAugment,
    "AutoAugment": AutoAugment,
    "CutOut": CutOut,
    "RandomErasing": RandomErasing,
    "HideAndSeek": HideAndSeek,
    "GridMask": GridMask,
    "ClsResizeImg": ClsResizeImg,
    "RecResizeImg": RecResizeImg,
    "NormalizeImage": NormalizeImage,
    "ToCHWImage": ToCHWImage,
    "KeepKeys": KeepKeys,
}
"""Transforms and augmentations by their names in configurations, which are PaddleOCR's."""

BATCHES = {
    "det": (DetBatch, ("image", "shrink_map", "shrink_mask", "threshold_map", "threshold_mask")),
    "cls": (ClsBatch, ("image", "label")),
    "rec": (RecBatch, ("image", "label", "length")),
}
"""Batch type of each task, and the names in KeepKeys of its fields."""

DONOR_TRIES = 20
"""Number of pages that are tried as a donor for CopyPaste before it is skipped."""


class Dataset:
    """A source of entries with a pipeline of transforms.

    Args:
        source: of entries; see sources.py.
        transforms: transforms and augmentations in their order; `run_step` applies each of them.
        seed: of all random numbers.
    """

    def __init__(self, source, transforms: Sequence, *, seed: int = 0):
        self.source, self.transforms, self.seed = source, list(transforms), seed
        places = [i for i, step in enumerate(self.transforms) if isinstance(step, CopyPaste)]
        self.donors_before = places[0] if places else None

    def __len__(self) -> int:
        return len(self.source)

    def open(self, index: int) -> Sample:
        """Read an entry.

        Args:
            index: of the entry, from 0.

        Returns: the sample before its first transform.
        """
        return Sample(*self.source[index])

    def sample(self, index: int, epoch: int = 0) -> Sample:
        """Read an entry and apply all transforms.

        The result depends only on the arguments and the seed, not on earlier calls or on the process.

        Args:
            index: of the entry, from 0.
            epoch: number of the epoch, from 0.

        Returns: the sample after its last transform.

        Raises:
            LabelError: an image or a label cannot be used; the message names the file.
        """
        rng = rng_for(self.seed, epoch, index)
        file, line = self.source.place(index)
        try:
            sample = self.open(index)
        except LabelError:
            raise  # the message already names the damaged file
        except ValueError as error:
            raise LabelError(f"{file}:{line}: {error}") from error
        try:
            for number, step in enumerate(self.transforms):
                if number == self.donors_before:
                    sample.donor = self._donor(rng)
                run_step(step, rng, sample)
        except (PictureError, ValueError) as error:
            raise LabelError(f"{file}:{line}: {sample.name}: {error}") from error
        return sample

    def steps(self, index: int, epoch: int = 0) -> Iterator[tuple[str, Sample]]:
        """Apply the transforms one by one, for figures of the pipeline.

        Args:
            index: of the entry, from 0.
            epoch: see `sample`.

        Returns: iterator over the class name of each transform and the sample after it, which is the same object each time.
        """
        rng, sample = rng_for(self.seed, epoch, index), self.open(index)
        for number, step in enumerate(self.transforms):
            if number == self.donors_before:
                sample.donor = self._donor(rng)
            run_step(step, rng, sample)
            yield type(step).__name__, sample

    def _donor(self, rng) -> Sample | None:
        """A random page whose texts have four corners, after the transforms before CopyPaste; None if none was found."""
        for _ in range(DONOR_TRIES):
            donor = self.open(int(rng.integers(len(self))))
            for step in self.transforms[: self.donors_before]:
                run_step(step, rng, donor)
            if donor.polygons.shape[1] == 4:
                return donor
        return None


class _Keys:
    """Endless sequence of batches as lists of (epoch, index), starting at one batch; a batch sampler in Paddle's terms."""

    def __init__(self, loader, first: int):
        self.loader, self.first = loader, first

    def __iter__(self):
        batch = self.first
        while True:
            yield self.loader.keys(batch)
            batch += 1

    def __len__(self):
        return sys.maxsize


class _Rows(paddle.io.Dataset):
    """Samples as tuples of arrays, by (epoch, index)."""

    def __init__(self, dataset, fields):
        super().__init__()
        self.dataset, self.fields = dataset, fields

    def __getitem__(self, key):
        epoch, index = key
        sample = self.dataset.sample(index, epoch)
        return [np.asarray(getattr(sample, field)) for field in self.fields]

    def __len__(self):
        return len(self.dataset)


class Loader:
    """Batches of a dataset by number. A batch depends only on its number, not on which batches were read before.

    Args:
        dataset: of samples.
        task: "det", "cls" or "rec"; determines the type of batch.
        batch_size: samples per batch and process.
        shuffle: draw a new order for each epoch.
        drop_last: leave out the samples at the end of an epoch that do not fill a batch.
        workers: number of processes that prefetch batches; 0 prepares them in this process.
        shared_memory: transfer batches in shared memory; containers often have little of it.
        rank: number of this process in distributed training.
        world: number of processes; each gets its share of every joint batch.

    Raises:
        LabelError: with drop_last, the dataset has fewer samples than one joint batch.
        ValueError: batch_size below 1, or workers below 0.
    """

    def __init__(
        self,
        dataset: Dataset,
        task: str,
        *,
        batch_size: int,
        shuffle: bool = True,
        drop_last: bool = False,
        workers: int = 0,
        shared_memory: bool = True,
        rank: int = 0,
        world: int = 1,
    ):
        if batch_size < 1 or workers < 0:
            raise ValueError(
                f"batch_size is {batch_size}, workers {workers}; 1 or more and 0 or more are needed"
            )
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.workers, self.shared_memory, self.rank, self.world = workers, shared_memory, rank, world
        self.kind, names = BATCHES[task]
        self._rows = _Rows(dataset, [FIELDS[name] for name in names])
        joint = batch_size * world
        self.steps_per_epoch = len(dataset) // joint if drop_last else -(-len(dataset) // joint)
        if not self.steps_per_epoch:
            raise LabelError(
                f"{len(dataset)} samples do not fill a batch of {joint}; use smaller batches or set drop_last: false"
            )
        self._order = (-1, None)
        self._ahead: Ahead | None = None
        self._next = -1

    def order(self, epoch: int) -> np.ndarray:
        """Determine the order of an epoch.

        Args:
            epoch: number of the epoch, from 0.

        Returns: (N,) indices of all samples.
        """
        if self._order[0] != epoch:
            count = len(self.dataset)
            order = rng_for(self.dataset.seed, epoch).permutation(count) if self.shuffle else np.arange(count)
            self._order = epoch, order
        return self._order[1]

    def keys(self, batch: int) -> list[tuple[int, int]]:
        """Determine the samples of a batch of this process.

        Args:
            batch: number of the batch, counted over all epochs from 0.

        Returns: (epoch, index) of each sample.
        """
        epoch, step = divmod(batch, self.steps_per_epoch)
        joint = self.order(epoch)[step * self.batch_size * self.world :][: self.batch_size * self.world]
        share = np.array_split(joint, self.world)[self.rank]
        # If the last batch has fewer samples than processes, those without a sample repeat the first one.
        return [(epoch, int(index)) for index in (share if len(share) else joint[:1])]

    def batch_at(self, batch: int):
        """Prepare a batch, or take it from the workers.

        Args:
            batch: number of the batch, counted over all epochs from 0.

        Returns: a batch of the task's type; see BATCHES.

        Raises:
            LabelError: a sample cannot be used.
            LoaderError: a worker died.
        """
        if not self.workers:
            rows = [self._rows[key] for key in self.keys(batch)]
            return self.kind(*(paddle.to_tensor(array) for array in stack(rows)))
        if batch != self._next or self._ahead is None:
            self.close()
            self._ahead = Ahead(
                self._rows, _Keys(self, batch), workers=self.workers, shared_memory=self.shared_memory
            )
        self._next = batch + 1
        return self.kind(*next(self._ahead))

    def close(self) -> None:
        """Stop the workers and wait until they have exited; `batch_at` starts them again when needed."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.close()
