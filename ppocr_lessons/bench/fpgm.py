"""The recorded run of chapter 2.1.5: prune the shipped detector to about half its size, fine-tune it, and compare.

    python -m ppocr_lessons.bench.fpgm --steps 900 --out runs/fpgm

takes about half an hour on one free core: the sensitivity analysis, then the fine-tuning. An interrupted run resumes. It writes
`sensitivity.json`, `result.json` and `weights.safetensors`.
"""

import argparse
import bisect
import copy
import datetime
import json
import os
import pathlib
import platform
import time

import numpy as np
import paddle

from ..datasets.synthetic import pages, streams
from ..deploy.export import export_cached, size_mb
from ..deploy.predictor import Predictor
from ..det.db_loss import PlainDB
from ..evaluate import evaluate_det
from ..prune.channels import channel_groups
from ..prune.fpgm import prune
from ..prune.sensitivity import ratios_within, sensitivity
from ..training.cosine_warmup import lr_at
from ..training.tensor_files import count_parameters, save_weights
from ..training.trainer import Trainer
from ..zoo.pretrained import detector_postprocess, pretrained
from ..zoo.recipes import RECIPES
from .timing import interleaved

SEED, PEAK, WARMUP = 2, 1e-3, 20
NARROW = 32
"""Groups of the backbone with fewer channels are left alone by `uniform_ratios`."""

ANALYSIS_SEED, ANALYSIS_PAGES, ANALYSIS_SIDE = 800_001, 20, 448
"""Pages of the sensitivity analysis. They are neither trained on nor scored."""

ANALYSIS_RATIOS = (0.125, 0.25, 0.375, 0.5, 0.625)
LEFT = 0.54
"""Share of the parameters that remains: the chapter's detector loses 46 %."""

MULTIPLE = 8


def uniform_ratios(net, *, backbone: float = 0.33, rest: float = 1 / 3) -> dict[str, float]:
    """The same ratio for all wide groups of the backbone, and another for all groups of neck and head.

    This is the pruning without an analysis, and the row "fpgm" of the ablation.

    Args:
        net: a DBNet on MobileNetV3.
        backbone: share to remove of each group of the backbone that has at least NARROW channels.
        rest: share to remove of each group of neck and head.

    Returns: ratio by name of the group.
    Source: chapter 2.1.5.
    """
    ratios = {}
    for name, group in channel_groups(net).items():
        if name.startswith(("neck", "head")):
            ratios[name] = rest
        elif group.width >= NARROW:
            ratios[name] = backbone
    return ratios


def parameters_left(net, ratios: dict[str, float], *, multiple: int = MULTIPLE) -> int:
    """Number of parameters that a net would have after pruning.

    Args:
        net: a DBNet on MobileNetV3; unchanged.
        ratios: share to remove by name of the group.
        multiple: see `fpgm.to_remove`.

    Returns: count of trained and fixed parameters.
    Source: chapter 2.1.5.
    """
    smaller = copy.deepcopy(net)
    prune(smaller, ratios, multiple=multiple)
    return count_parameters(smaller)


def ratios_for_size(
    net, losses: dict[str, dict[float, float]], *, left: float = LEFT, multiple: int = MULTIPLE
) -> tuple[float, dict[str, float]]:
    """The smallest allowed loss per group that makes a net small enough, and the resulting ratios.

    Every group is allowed the same loss of hmean, so a sensitive group keeps its channels and an insensitive one loses
    many. The allowance is raised until at most a share `left` of the parameters remains.

    Args:
        net: a DBNet on MobileNetV3; unchanged.
        losses: of `sensitivity`.
        left: share of the parameters that may stay, above 0 and at most 1.
        multiple: see `fpgm.to_remove`.

    Returns: (allowed relative loss of hmean per group, ratio by name of the group).

    Raises:
        ValueError: even the largest ratios of the analysis leave more than `left`.
    Source: chapter 2.1.5; PaddleOCR deploy/slim/prune/sensitivity_anal.py, which takes the allowance 0.02.
    """
    whole = count_parameters(net)
    measured = sorted({max(0.0, loss) for by_ratio in losses.values() for loss in by_ratio.values()})

    def left_at(allowed: float) -> int:
        return parameters_left(net, ratios_within(losses, allowed), multiple=multiple)

    # A larger allowance never removes fewer channels, so the smallest one can be bisected.
    first = bisect.bisect_left(measured, True, key=lambda allowed: left_at(allowed) <= left * whole)
    if first == len(measured):
        fewest = left_at(measured[-1]) if measured else whole
        raise ValueError(
            f"the analyzed ratios leave {fewest / whole:.2f} of the parameters; {left} is wanted"
        )
    return measured[first], ratios_within(losses, measured[first])


def analyze(net, *, criterion: str = "fpgm") -> dict[str, dict[float, float]]:
    """Sensitivity of all groups on pages that are neither trained on nor scored.

    Args:
        net: a DBNet on MobileNetV3; unchanged.
        criterion: see `fpgm.prune`.

    Returns: relative loss of hmean by name of the group and ratio.
    Source: chapter 2.1.5; PaddleOCR deploy/slim/prune/sensitivity_anal.py.
    """
    size = (ANALYSIS_SIDE, ANALYSIS_SIDE)
    chosen = [pages.page_at(ANALYSIS_SEED, i, size=size) for i in range(ANALYSIS_PAGES)]

    def score(candidate):
        return evaluate_det(candidate, chosen, postprocess=detector_postprocess())["hmean"]

    return sensitivity(net, score, ratios=ANALYSIS_RATIOS, criterion=criterion)


def _analysis_in(out: pathlib.Path, net, criterion: str) -> dict[str, dict[float, float]]:
    file = out / "sensitivity.json"
    if not file.is_file():
        losses = analyze(net, criterion=criterion)
        out.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(losses, indent=1), encoding="utf-8")
    read = json.loads(file.read_text(encoding="utf-8"))
    return {name: {float(ratio): loss for ratio, loss in found.items()} for name, found in read.items()}


def _costs(nets: dict, rounds: int = 15) -> dict[str, dict[str, float]]:
    x = np.random.default_rng(0).standard_normal((1, 3, 640, 640)).astype(np.float32)
    predictors = {name: Predictor(net) for name, net in nets.items()}
    times = interleaved({name: (lambda p=p: p(x)) for name, p in predictors.items()}, rounds=rounds)
    return {
        name: {
            "parameters": count_parameters(net),
            "saved_mb": size_mb(export_cached(net)),
            "ms": 1e3 * times[name],
        }
        for name, net in nets.items()
    }


def run(out, steps: int, *, criterion: str = "fpgm", pictures: int = 1200) -> dict:
    """Analyze, prune, score, fine-tune, score.

    Args:
        out: folder.
        steps: of the fine-tuning.
        criterion: see `fpgm.prune`.
        pictures: lines of text to score on; a page counts as ten.

    Returns: the record: sensitivity, allowed loss, ratios, removed channels, costs, and the scores of the whole, the pruned
        and the fine-tuned net, and of a net pruned by `uniform_ratios` without fine-tuning.
    Source: chapter 2.1.5.
    """
    out, evaluate = pathlib.Path(out), RECIPES["det"].evaluate
    net = pretrained("det", "pages")
    losses = _analysis_in(out, net, criterion)
    allowed, ratios = ratios_for_size(net, losses)
    with paddle.no_grad():
        record = {"criterion": criterion, "sensitivity": losses, "allowed": allowed, "ratios": ratios}
        record["before"] = evaluate(net, pictures)
        uniform = pretrained("det", "pages")
        prune(uniform, uniform_ratios(uniform), criterion=criterion, multiple=MULTIPLE)
        uniform.eval()
        record["uniform"] = evaluate(uniform, pictures) | {"parameters": count_parameters(uniform)}
        record["removed"] = prune(net, ratios, criterion=criterion, multiple=MULTIPLE)
        record["parameters"] = count_parameters(net)
        net.eval()
        record["pruned"] = evaluate(net, pictures)
    paddle.seed(SEED)
    with paddle.utils.unique_name.guard():
        strategy = PlainDB(net)
        optimizer = paddle.optimizer.Adam(PEAK, parameters=net.parameters())
    trainer = Trainer(
        strategy,
        optimizer,
        batch_at=lambda step: streams.det_batch(SEED, step),
        lr_at=lambda step: lr_at(step, peak=PEAK, steps=steps, warmup_steps=WARMUP),
        seed=SEED,
        out=out,
        save_every=100,
    )
    trainer.resume()
    began = time.time()
    trainer.run(steps)
    net.eval()
    with paddle.no_grad():
        record["fine_tuned"] = evaluate(net, pictures)
    record |= {
        "costs": _costs({"whole": pretrained("det", "pages"), "pruned": net}),
        "steps": steps,
        "minutes": (time.time() - began) / 60,
        "seed": SEED,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores, paddle {paddle.__version__}",
        "command": f"python -m ppocr_lessons.bench.fpgm --steps {steps} --criterion {criterion}",
        "date": datetime.date.today().isoformat(),
    }
    save_weights(net, out / "weights.safetensors")
    (out / "result.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    return record


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Prune the shipped detector and train it again.")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--criterion", choices=("fpgm", "norm"), default="fpgm")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    record = run(args.out, args.steps, criterion=args.criterion)
    print({name: record[name] for name in ("before", "pruned", "fine_tuned", "parameters")})


if __name__ == "__main__":
    main()
