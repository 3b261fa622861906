"""Every row of the index: both configurations build, they differ where the row says, and training calls the target."""

import dataclasses
import importlib
import inspect
import sys

import numpy as np
import paddle
import pytest

from ppocr_lessons.config import ConfigError, diff, read_config
from ppocr_lessons.config.strategy_configs import FOLDER, strategy_configs
from ppocr_lessons.config.yaml_file import override
from ppocr_lessons.distill.cml import CML
from ppocr_lessons.distill.udml import UDML
from ppocr_lessons.experiment import prepare, train, trained_net
from ppocr_lessons.losses.ace import ace_losses
from ppocr_lessons.losses.center_loss import CenterLoss
from ppocr_lessons.losses.combined import Combined
from ppocr_lessons.losses.ctc_loss import ctc_losses
from ppocr_lessons.losses.enhanced_ctc import EnhancedCTC
from ppocr_lessons.losses.focal_ctc import FocalCTC
from ppocr_lessons.strategies import ABSENT, STRATEGIES, get

from .conftest import ROOT

ROWS = [strategy for strategy in STRATEGIES if strategy.done]
TEACHERS = {f"Architecture.Models.{name}.pretrained": None for name in ("Teacher", "Student", "Student2")}
FOR_READERS = {"det-se-removal": "remove_se", "cls-input-resolution": "cls_resize"}
"""Targets that explain a strategy which a configuration reaches by an argument of a net or a transform."""


@pytest.fixture
def read_both(overrides, monkeypatch):
    """Both configurations of a row, on small data."""

    def read(strategy):
        monkeypatch.chdir(ROOT)  # the course's own files name paths from the top of the repository
        ours = ("transforms", "pretrained", "epoch_num")
        given = [o for o in overrides(strategy.stages[0]) if not any(word in o for word in ours)]
        if strategy.stages == ("det",):
            given.append("Train.dataset.transforms.EastRandomCropData.size=[96, 96]")
            small = "image_shape=[160, 160]" if "paddleocr" in strategy.config else "limit_side_len=160"
            given.append(f"Eval.dataset.transforms.DetResizeForTest.{small}")
        if strategy.key not in ("rec-pretrained", "det-fpgm"):
            given.append("Global.pretrained_model=")
        for name, side in (("before", strategy.config_before), ("after", strategy.config)):
            if "det_cml" in (side or strategy.config):
                values = {**getattr(strategy, name), **TEACHERS}
                strategy = dataclasses.replace(strategy, **{name: values})
        return strategy_configs(strategy, given)

    return read


def _fingerprint(run):
    """What a run is made of: shapes and sums of the weights, loss, rates, decay, transforms."""
    weights = [p.numpy() for net in run.nets.values() for p in net.parameters()]
    net = run.trainer.strategy.net
    net.eval()
    feats = net.backbone(paddle.to_tensor(np.random.default_rng(0).random((1, 3, 32, 96), np.float32)))
    terms = [(term.weight, type(term.term).__name__) for term in getattr(run.trainer.strategy, "terms", ())]
    decay = run.trainer.optimizer.regularization
    return {
        "shapes": [w.shape for w in weights],
        "sums": [float(np.abs(w).sum()) for w in weights],
        "features": [float(f.abs().sum()) for f in (feats if isinstance(feats, list) else [feats])],
        "loss": (type(run.trainer.strategy).__name__, terms),
        "rates": [run.schedule(step) for step in range(0, run.steps, max(1, run.steps // 50))],
        "decay": (type(decay).__name__, getattr(decay, "_coeff", None)),
        "transforms": run.config.train.transforms,
    }


@pytest.mark.parametrize("strategy", ROWS, ids=lambda s: s.key)
def test_before_and_after_build_and_differ(strategy, read_both):
    before, after = read_both(strategy)
    if not strategy.config_before:
        places = [
            line.split(": ")[0].removeprefix("- ").removeprefix("+ ")
            for line in diff(before.values, after.values)
        ]
        named = [place.rsplit(".transforms.", 1)[0] for place in strategy.after]
        assert places and all(any(place.startswith(name) for name in named) for place in places)
    one, two = (_fingerprint(prepare(config, dry=True, progress=False)) for config in (before, after))
    assert one != two


@pytest.mark.parametrize("strategy", ROWS, ids=lambda s: s.key)
def test_a_training_run_calls_the_target(strategy, read_both):
    module, name = strategy.symbol.split(":")
    target = getattr(importlib.import_module(f"ppocr_lessons.{module}"), name)
    if FOR_READERS.get(strategy.key) == name:
        return
    functions = [target]
    if inspect.isclass(target):
        functions = [
            f for kind in target.__mro__ for f in vars(kind).values() if kind.__module__ == target.__module__
        ]
    codes = {
        getattr(f, "__func__", f).__code__
        for f in functions
        if hasattr(getattr(f, "__func__", f), "__code__")
    }
    called = set()
    after = read_both(strategy)[1]
    sys.setprofile(lambda frame, event, _: called.add(frame.f_code) if event == "call" else None)
    try:
        train(after, max_steps=1, progress=False)
    finally:
        sys.setprofile(None)
    assert codes & called, f"training with {strategy.key} never calls {strategy.symbol}"


def test_rows_without_an_implementation_have_no_configurations():
    for strategy in STRATEGIES:
        assert bool(strategy.config and strategy.after) == strategy.done
    with pytest.raises(ValueError, match="'cls-pact' is not implemented yet"):
        strategy_configs(dataclasses.replace(get("cls-pact"), done=False))


def test_removing_by_override():
    values = {"a": {"b": [{"c": None}, {"d": {"e": 1, "f": 2}}]}, "g": 1}
    assert override(values, ["~a.b.c"])["a"]["b"] == [{"d": {"e": 1, "f": 2}}]
    assert override(values, ["~a.b.1"])["a"]["b"] == [{"c": None}]
    assert override(values, ["~a.b.d.e", "~g"]) == {"a": {"b": [{"c": None}, {"d": {"f": 2}}]}}
    assert values["g"] == 1
    for wrong in ("~h", "~a.h", "~g.a", "~a.b.d.e.f", "~"):
        with pytest.raises(ConfigError, match=f"-o {wrong}: there is no such key"):
            override(values, [wrong])
    with pytest.raises(ConfigError, match="'x' is not in the list"):
        override(values, ["~a.b.x"])
    assert ABSENT not in str(override(values, ["~g"]))


def test_pruning_by_configuration(overrides, tmp_path, monkeypatch):
    """The pruned net is trained, saved, and built again for its weights."""
    monkeypatch.chdir(ROOT)
    given = [o for o in overrides("det") if "pretrained" not in o and "DetResize" not in o]
    given += ["Eval.dataset.transforms.DetResizeForTest.limit_side_len=160"]
    whole = prepare(read_config(FOLDER / "det_db.yml", given), progress=False).nets["Model"]
    config = read_config(FOLDER / "det_db.yml", [*given, "Global.prune=0.5"])
    train(config, max_steps=1, progress=False)
    net, _ = trained_net(config)
    sizes = [sum(p.size for p in each.parameters()) for each in (net, whole)]
    assert sizes[0] < 0.4 * sizes[1]
    for changes, reason in (
        (["Global.prune=0.5", "Global.pretrained_model="], r"Global\.prune.*needs pretrained_model"),
        (["Global.prune={nothing: 0.5}"], r"Global\.prune.*no such groups of channels"),
        (["Global.prune=1.0"], r"Global\.prune"),
    ):
        with pytest.raises(ConfigError, match=reason):
            prepare(read_config(FOLDER / "det_db.yml", [*given, *changes]), progress=False)


def _as_in_python(key, run):
    """The same nets, put together by the constructor of the strategy."""
    nets = run.nets
    if key == "det-cml":
        return CML(nets["Teacher"], nets["Student"], nets["Student2"])
    if key == "rec-udml":
        return UDML(nets)
    classes = run.shared.alphabet.classes
    return EnhancedCTC(nets["Model"], CenterLoss(classes, 96, centers=np.ones((classes, 96))))


@pytest.mark.parametrize("key", ["det-cml", "rec-udml", "rec-enhanced-ctc"])
def test_a_configuration_and_python_build_the_same_strategy(key, read_both):
    # In the files of 2024 the terms have the default values of the constructors.
    strategy = dataclasses.replace(get(key), config=get(key).config.replace("2022", "2024"))
    run = prepare(read_both(strategy)[1], dry=True, progress=False)
    ours, expected = run.trainer.strategy, _as_in_python(key, run)
    ours.shortcuts = {}  # the exported teacher differs in the last bits
    if key == "rec-enhanced-ctc":
        ours.terms[1].term.loss.centers.set_value(expected.terms[1].term.loss.centers)
    assert type(ours) is type(expected) and ours.net is expected.net and ours.frozen == expected.frozen
    for strategy in (ours, expected):
        strategy.trained.train()
    batch = run.loader.batch_at(0)
    found, wanted = ({k: float(v) for k, v in strategy(batch).parts.items()} for strategy in (ours, expected))
    # A file may name a pair in the other order.
    assert sorted(found.values()) == pytest.approx(sorted(wanted.values()), rel=1e-6)
    assert {frozenset(k.split("_")) for k in found} == {frozenset(k.split("_")) for k in wanted}


def test_a_single_term_keeps_its_weight(overrides):
    """CombinedLoss of the CTC loss alone, which was once built as the plain loss."""
    path = FOLDER / "paddleocr/2022/ch_PP-OCRv2_rec.yml"
    given = [*overrides("rec"), "Loss={name: CombinedLoss, loss_config_list: [{CTCLoss: {weight: 3.0}}]}"]
    single, weighted = (
        prepare(read_config(path, changes), progress=False) for changes in (overrides("rec"), given)
    )
    batch = single.loader.batch_at(0)
    losses = [float(run.trainer.strategy(batch).loss) for run in (single, weighted)]
    assert losses[1] == pytest.approx(3 * losses[0], rel=1e-5)


def test_focal_ctc_and_ace_are_reached_by_paddleocrs_spelling(overrides):
    """The single loss and the terms have the values of the functions that the notebook on CTC explains."""
    path = FOLDER / "paddleocr/2022/ch_PP-OCRv2_rec_enhanced_ctc_loss.yml"
    terms = "[{CTCLoss: {use_focal_loss: True, weight: 2.0}}, {ACELoss: {weight: 0.1}}]"
    keep = "Train.dataset.transforms.KeepKeys.keep_keys=[image, label, length, label_ace]"
    single, combined = (
        prepare(read_config(path, [*overrides("rec"), keep, change]), progress=False)
        for change in (
            "Loss={name: CTCLoss, use_focal_loss: True}",
            f"Loss={{name: CombinedLoss, loss_config_list: {terms}}}",
        )
    )
    assert type(single.trainer.strategy) is FocalCTC and type(combined.trainer.strategy) is Combined
    batch, net = single.loader.batch_at(0), single.nets["Model"]
    for run in (single, combined):
        run.nets["Model"].eval()
        run.nets["Model"].set_state_dict(net.state_dict())
    logits, _ = net(batch.images)
    plain = ctc_losses(logits, batch.labels, batch.lengths).numpy()
    focal = np.mean(plain * (1 - np.exp(-plain.astype(float))) ** 2)
    ace = ace_losses(logits, batch.labels, batch.lengths).mean().item()
    assert float(single.trainer.strategy(batch).loss) == pytest.approx(focal, rel=1e-5)
    found = combined.trainer.strategy(batch)
    assert {name: float(value) for name, value in found.parts.items()} == pytest.approx(
        {"focal_ctc_Model": 2 * focal, "ace": 0.1 * ace}, rel=1e-5
    )


def test_the_center_loss_keeps_a_focal_ctc_loss(overrides):
    """Enhanced CTC has the plain CTC loss; with the focal one the terms stay as the file says."""
    path = FOLDER / "paddleocr/2024/ch_PP-OCRv2_rec_enhanced_ctc_loss.yml"
    given = [*overrides("rec"), "Loss.loss_config_list.CenterLoss.center_file_path="]
    focal = [*given, "Loss.loss_config_list.CTCLoss.use_focal_loss=True"]
    kinds = []
    for changes in (given, focal):
        strategy = prepare(read_config(path, changes), progress=False).trainer.strategy
        kinds.append([type(strategy).__name__, *(type(t.term).__name__ for t in strategy.terms)])
    assert kinds == [["EnhancedCTC", "CTCTerm", "CenterTerm"], ["Combined", "FocalCTCTerm", "CenterTerm"]]
