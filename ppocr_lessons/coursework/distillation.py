"""Inputs of the assignment on distillation: drawn maps and logits, a teacher, a student, and pages for training."""

from typing import NamedTuple

import numpy as np
import paddle

from ..datasets.batches import DetBatch
from ..datasets.resize import normalize_page
from ..datasets.synthetic.pages import page_at
from ..det.dbnet import DBNet
from ..det.targets import make_targets
from ..prune.fpgm import prune
from ..zoo.pretrained import pretrained

MAPS, LOGITS, PAGES, HELD_BACK = range(4)
"""Numbers of the random streams of a seed, one for each purpose."""

SIDE, BATCH = 160, 3
"""Side of the pages in pixels, and number of pages of a batch."""

PRUNED = 0.15
"""Share of the channels that pruning removes from each group of the student."""


class Maps(NamedTuple):
    """Drawn maps, each (3, H, W) float32.

    Fields:
        first: probability maps of the first student, 0..1.
        second: probability maps of the second student, 0..1.
        binary: binary maps of the first student, 0..1.
        teacher: probability maps of the teacher, 0..1.
        mask: 0 on pixels that do not count, 1 elsewhere.
    """

    first: paddle.Tensor
    second: paddle.Tensor
    binary: paddle.Tensor
    teacher: paddle.Tensor
    mask: paddle.Tensor


def draw_maps(seed: int, side: int = 20) -> Maps:
    """Draw maps of two students and a teacher.

    Args:
        seed: of the assignment.
        side: height and width in pixels.

    Returns: three maps of each kind.
    """
    rng = np.random.default_rng([seed, MAPS])
    values = rng.uniform(0.02, 0.98, (4, 3, side, side))
    values[3] **= 4  # few pixels of the teacher are text
    mask = rng.random((1, 3, side, side)) < 0.8
    return Maps(*(paddle.to_tensor(part.astype(np.float32)) for part in np.concatenate([values, mask])))


def draw_logits(seed: int) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Draw the logits of two recognizers for the same lines.

    Args:
        seed: of the assignment.

    Returns: two tensors (3, 10, 12) float32: lines, time steps, classes.
    """
    first, second = np.random.default_rng([seed, LOGITS]).normal(0, 2, (2, 3, 10, 12)).astype(np.float32)
    return paddle.to_tensor(first), paddle.to_tensor(second)


def teacher_and_student() -> tuple[DBNet, DBNet]:
    """The shipped detector `pages`, and the same detector after FPGM pruning, which finds hardly any text."""
    teacher, student = pretrained("det", "pages"), pretrained("det", "pages")
    prune(student, PRUNED)
    return teacher, student


def batch_at(seed: int, step: int, *, stream: int = PAGES) -> DetBatch:
    """Render a batch of pages with their targets.

    Args:
        seed: of the assignment.
        step: number of the batch, from 0.
        stream: number of the random stream; the held-back pages come from another one.

    Returns: the batch.
    """
    pages = [page_at(1000 * seed + stream, BATCH * step + i, size=(SIDE, SIDE)) for i in range(BATCH)]
    targets = [
        make_targets(page.polygons, np.zeros(len(page.polygons), bool), (SIDE, SIDE))[:4] for page in pages
    ]
    images = np.stack([normalize_page(page.image) for page in pages])
    return DetBatch(
        paddle.to_tensor(images), *(paddle.to_tensor(np.stack(maps)) for maps in zip(*targets, strict=True))
    )


def held_back_maps(net: DBNet, seed: int) -> np.ndarray:
    """Probability maps of a detector on the held-back pages, in evaluation mode.

    Args:
        net: detector; it stays in the mode that it was in.
        seed: of the assignment.

    Returns: (3, 160, 160) float32.
    """
    training = net.training
    net.eval()
    with paddle.no_grad():
        maps, _ = net(batch_at(seed, 0, stream=HELD_BACK).images)
    if training:
        net.train()
    return maps.prob.numpy()[:, 0]
