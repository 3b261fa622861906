"""The recorded run of chapter 2.1.5: prune the shipped detector to about half, train it again, compare.

    python -m ppocr_lessons.bench.fpgm --steps 900 --out runs/fpgm

takes twenty minutes on one core, resumes if it was interrupted, and writes `result.json` and the weights.
"""

import argparse
import json
import os
import pathlib
import platform
import time

import paddle

from ..datasets.synthetic import streams
from ..det.db_loss import PlainDB
from ..prune.channels import channel_groups
from ..prune.fpgm import prune
from ..training.cosine_warmup import lr_at
from ..training.tensor_files import count_parameters, save_weights
from ..training.trainer import Trainer
from ..zoo.pretrained import pretrained
from ..zoo.recipes import RECIPES

SEED, PEAK, WARMUP = 2, 1e-3, 20
NARROW = 32
"""Groups of the backbone with fewer channels are left alone."""


def chosen_ratios(net, *, backbone: float = 0.33, rest: float = 1 / 3) -> dict[str, float]:
    """Ratio of each group: of neck and head, and of the wide groups of the backbone.

    Args:
        net: a DBNet on MobileNetV3.
        backbone, rest: shares to remove.
    """
    ratios = {}
    for name, group in channel_groups(net).items():
        if name.startswith(("neck", "head")):
            ratios[name] = rest
        elif group.width >= NARROW:
            ratios[name] = backbone
    return ratios


def run(out, steps: int, *, criterion: str = "fpgm", pictures: int = 1200) -> dict:
    """Prune, score, train again, score.

    Args:
        out: folder.
        steps: of the training.
        criterion: see `fpgm.prune`.
        pictures: for each score, ten a page.

    Returns: the record.
    """
    out, evaluate = pathlib.Path(out), RECIPES["det"].evaluate
    net = pretrained("det")
    ratios = chosen_ratios(net)
    with paddle.no_grad():
        record = {"criterion": criterion, "ratios": ratios, "before": evaluate(net, pictures)}
        record["removed"] = prune(net, ratios, criterion=criterion, multiple=8)
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
        "steps": steps,
        "minutes": (time.time() - began) / 60,
        "seed": SEED,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores, paddle {paddle.__version__}",
        "command": f"python -m ppocr_lessons.bench.fpgm --steps {steps} --criterion {criterion}",
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
