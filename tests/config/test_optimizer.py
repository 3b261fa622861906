"""Section Optimizer: PaddleOCR's defaults, and its schedules by their names and arguments."""

import paddle
import pytest
from paddle import nn

from ppocr_lessons.config import ConfigError, read_config
from ppocr_lessons.config.optimizer import build_optimizer, build_schedule

from .conftest import CONFIGS

PATH = CONFIGS / "2024/cls_mv3.yml"


def _stepped(optimizer: str, *, lr: float = 0.1):
    """A weight of 1 and a bias of 1 after two steps with gradients of 0.5."""
    given = f"Optimizer={{{optimizer}, lr: {{learning_rate: {lr}}}}}"
    layer = nn.Linear(1, 1, weight_attr=nn.initializer.Constant(1.0), bias_attr=nn.initializer.Constant(1.0))
    made = build_optimizer(read_config(PATH, [given]), layer)
    for _ in range(2):
        (0.5 * (layer.weight.sum() + layer.bias.sum())).backward()
        made.step()
        made.clear_grad()
    return layer.weight.item(), layer.bias.item()


def _by_hand(weight_decay: float, *, lr: float = 0.1, momentum: float | None = None):
    """RMSProp (with momentum) or AdamW on the same weight, on paper."""
    w, square, velocity, first = 1.0, 0.0, 0.0, 0.0
    for step in (1, 2):
        g = 0.5
        if momentum is not None:
            square = 0.95 * square + 0.05 * g * g
            velocity = momentum * velocity + lr * g / (square + 1e-6) ** 0.5
            w -= velocity
        else:
            first, square = 0.9 * first + 0.1 * g, 0.999 * square + 0.001 * g * g
            w -= lr * weight_decay * w
            w -= lr * (first / (1 - 0.9**step)) / ((square / (1 - 0.999**step)) ** 0.5 + 1e-8)
    return w


def test_rmsprops_defaults():
    """momentum 0, rho 0.95, epsilon 1e-6; with the 0.9 of the other optimizer it would be elsewhere."""
    assert _stepped("name: RMSProp") == pytest.approx([_by_hand(0, momentum=0.0)] * 2, rel=1e-4)
    assert _stepped("name: RMSProp, momentum: 0.9") == pytest.approx(
        [_by_hand(0, momentum=0.9)] * 2, rel=1e-4
    )
    assert _by_hand(0, momentum=0.0) != pytest.approx(_by_hand(0, momentum=0.9), rel=0.01)


def test_adamws_decay():
    """0.01 where nothing is said; a regularizer, also of factor 0, counts before weight_decay."""
    assert _stepped("name: AdamW") == pytest.approx([_by_hand(0.01)] * 2, rel=1e-5)
    assert _stepped("name: AdamW, weight_decay: 0.3") == pytest.approx([_by_hand(0.3)] * 2, rel=1e-5)
    regular = "name: AdamW, weight_decay: 0.3, regularizer: {name: L2, factor: 0.2}"
    assert _stepped(regular) == pytest.approx([_by_hand(0.2)] * 2, rel=1e-5)
    assert _by_hand(0.01) != pytest.approx(_by_hand(0.0), rel=1e-4)


def test_adamw_spares_parameters():
    spared = _stepped("name: AdamW, weight_decay: 0.3, one_dim_param_no_weight_decay: true")
    assert spared == pytest.approx([_by_hand(0.3), _by_hand(0.0)], rel=1e-5)
    spared = _stepped("name: AdamW, weight_decay: 0.3, no_weight_decay_name: head weight")
    assert spared == pytest.approx([_by_hand(0.0), _by_hand(0.3)], rel=1e-5)


def test_weight_decay_of_the_others_is_coupled():
    plain, decayed = _stepped("name: SGD")[0], _stepped("name: SGD, weight_decay: 0.2")[0]
    assert plain == pytest.approx(0.9) and decayed == pytest.approx(0.93 - 0.1 * (0.5 + 0.2 * 0.93))


def test_clip_norm_counts_before_clip_norm_global():
    given = ["Optimizer.clip_norm=1.0", "Optimizer.clip_norm_global=2.0"]
    made = build_optimizer(read_config(PATH, given), nn.Linear(1, 1))
    assert isinstance(made._grad_clip, paddle.nn.ClipGradByNorm)


@pytest.mark.parametrize(
    ("lr", "step", "expected"),
    [("{name: CyclicalCosine, learning_rate: 0.1, cycle: 2, warmup_epoch: 1}", 10, 0.1),
     ("{name: OneCycle, max_lr: 0.5, anneal_strategy: linear}", 0, 0.02),
     ("{name: TwoStepCosine, learning_rate: 0.1}", 1000, 0.05),
     ("{name: DecayLearningRate, learning_rate: 0.1, factor: 2.0, end_lr: 0.01}", 500, 0.09 / 4 + 0.01),
     ("{name: PiecewiseDecay, values: [0.1, 0.01], decay_epochs: [3]}", 30, 0.01)],
)  # fmt: skip
def test_schedules_by_paddleocrs_names(lr, step, expected):
    schedule = build_schedule(read_config(PATH, [f"Optimizer.lr={lr}"]), 10)  # 100 epochs
    assert schedule(step) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lr", "said"),
    [("{name: OneCycle, learning_rate: 0.1}", "max_lr is missing"), ("{name: CyclicalCosine, learning_rate: 0.1}", "cycle is missing"),
     ("{name: OneCycle, max_lr: 0.1, anneal_strategy: exp}", "anneal_strategy"), ("{name: TwoStepCosine}", "learning_rate is missing")],
)  # fmt: skip
def test_schedules_refused(lr, said):
    with pytest.raises(ConfigError, match=said):
        read_config(PATH, [f"Optimizer.lr={lr}"])
