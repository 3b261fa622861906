"""Divide a label file into one for training and one for evaluation."""

import math
import pathlib
from typing import NamedTuple

from ..output_files import refuse_to_overwrite
from .label_writing import write_lines
from .labels import LabelError, LabelFile, Problem, raise_for
from .seeding import rng_for


class Split(NamedTuple):
    """The files that were written, and the number of lines in each."""

    train: pathlib.Path
    evaluation: pathlib.Path
    train_lines: int
    evaluation_lines: int


def split_labels(labels, folder=None, *, share: float = 0.1, seed: int = 0) -> Split:
    """Write NAME_train.txt and NAME_eval.txt with the lines of a label file, in their order.

    All lines of an image go to the same file, so that no image of the evaluation is trained on.

    Args:
        labels: label file of any task.
        folder: folder of the two files, created if necessary; that of the label file if None.
        share: share of the images that are for evaluation, between 0 and 1.
        seed: the same seed chooses the same images.

    Returns: see `Split`.

    Raises:
        LabelError: the label file is missing, has bad lines, or has only one image.
        ValueError: the share is not between 0 and 1, or one of the two files exists.
    """
    if not 0 < share < 1:
        raise ValueError(f"the share for evaluation is {share:g}; a number between 0 and 1 is needed")
    labels, file = pathlib.Path(labels), LabelFile(labels)
    lines, problems = [], []
    for index in range(len(file)):
        try:
            lines.append(file[index])
        except ValueError as error:
            problems.append(Problem(str(labels), file.line_number(index), str(error)))
    raise_for(problems, "labels")
    pictures = list(dict.fromkeys(picture for picture, _ in lines))
    if len(pictures) < 2:
        raise LabelError(f"{labels}: {len(pictures)} images; at least 2 are needed for a split")
    count = min(len(pictures) - 1, max(1, math.floor(share * len(pictures) + 0.5)))
    chosen = {pictures[i] for i in rng_for(seed).choice(len(pictures), count, replace=False)}
    folder = labels.parent if folder is None else pathlib.Path(folder)
    paths = [folder / f"{labels.stem}_{part}{labels.suffix or '.txt'}" for part in ("train", "eval")]
    for path in paths:
        refuse_to_overwrite(path)
    parts = [
        [f"{picture}\t{label}\n" for picture, label in lines if (picture in chosen) == is_eval]
        for is_eval in (False, True)
    ]
    for path, part in zip(paths, parts, strict=True):
        write_lines(path, part)
    return Split(*paths, *map(len, parts))
