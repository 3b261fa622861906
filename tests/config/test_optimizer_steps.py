"""What the section Optimizer says is what the weights then do."""

import numpy as np
import pytest

from ppocr_lessons.config import read_config
from ppocr_lessons.experiment import prepare

from .conftest import CONFIGS
from .stepping import moved_by

CLS = CONFIGS / "2022/cls_mv3.yml"


def _trainer(overrides, **options):
    given = overrides("cls", **{f"Optimizer.{key}": value for key, value in options.items()})
    return prepare(read_config(CLS, given), progress=False).trainer


def _weights(trainer):
    return [p.numpy().copy() for p in trainer.strategy.trained.parameters() if not p.stop_gradient]


def test_adamw_decays_by_rate_and_factor(overrides):
    trainer = _trainer(overrides, name="AdamW", regularizer="{name: L2, factor: 0.5}")
    before, moved = _weights(trainer), moved_by(trainer, 0.0, rate=0.1)
    matrices = [(m, b) for m, b in zip(moved, before, strict=True) if b.ndim >= 2]
    assert len(matrices) > 10
    for change, old in matrices:
        np.testing.assert_allclose(change, -0.1 * 0.5 * old, rtol=1e-3, atol=1e-7)


def test_adamw_with_factor_zero_decays_nothing(overrides):
    trainer = _trainer(overrides, name="AdamW", regularizer="{name: L2, factor: 0.0}")
    for change in moved_by(trainer, 0.0, rate=0.1):
        np.testing.assert_array_equal(change, 0)


@pytest.mark.parametrize("name", ["Momentum", "SGD"])
def test_coupled_decay_adds_to_the_gradient(overrides, name):
    trainer = _trainer(overrides, name=name, regularizer="{name: L2, factor: 0.5}")
    before = _weights(trainer)
    for change, old in zip(moved_by(trainer, 1.0, rate=0.1), before, strict=True):
        np.testing.assert_allclose(change, -0.1 * (1 + 0.5 * old), rtol=1e-3, atol=1e-6)


def test_clipping_by_the_global_norm(overrides):
    options = {"name": "SGD", "regularizer": ""}
    free = moved_by(_trainer(overrides, **options), 10.0)
    clipped = moved_by(_trainer(overrides, **options, clip_norm_global=0.25), 10.0)
    norm = sum((change.astype(np.float64) ** 2).sum() for change in free) ** 0.5
    assert norm > 1
    for one, other in zip(clipped, free, strict=True):
        np.testing.assert_allclose(one, other * 0.25 / norm, rtol=1e-3, atol=1e-6)


def test_clipping_of_each_parameter(overrides):
    options = {"name": "SGD", "regularizer": ""}
    for change in moved_by(_trainer(overrides, **options, clip_norm=0.25), 10.0):
        assert np.linalg.norm(change.astype(np.float64)) == pytest.approx(0.25, rel=1e-3)
    for change in moved_by(_trainer(overrides, **options), 10.0):
        np.testing.assert_allclose(change, -10.0, rtol=1e-4)
