"""Recipes of the shipped weights: network, training strategy, data and schedule of each.

    python -m ppocr_lessons.zoo.recipes rec --steps 4800 --out runs/rec

trains a network and writes `weights.safetensors` and `card.json` beside its checkpoints. An interrupted run resumes. With
`--weights FILE --after STEPS`, training starts from trained weights as if STEPS steps were finished.
"""

import argparse
import json
import pathlib
import time
from collections.abc import Callable
from typing import NamedTuple

import paddle

from ..cls.direction import PlainCrossEntropy, direction_mobile
from ..datasets.synthetic import pages, streams
from ..det.db_loss import PlainDB
from ..det.dbnet import db_mobile
from ..evaluate import evaluate_det, evaluate_rec, score_classifier
from ..losses.guided_ctc import GuidedCTC
from ..rec.alphabet import ENGLISH, Alphabet
from ..rec.crnn import crnn_mobile
from ..runtime import describe_machine
from ..training.cosine_warmup import lr_at
from ..training.tensor_files import count_parameters, load_weights, save_weights
from ..training.trainer import Trainer
from .pretrained import detector_postprocess

HELD_BACK = 900_001
"""Seed of the images for evaluation, which no recipe uses for training."""

ALPHABET = Alphabet(ENGLISH)


class Recipe(NamedTuple):
    """Recipe of a network.

    Fields:
        net: description for the card.
        strategy: function that builds the network and its training strategy.
        batch: function (seed, step, steps) -> batch.
        evaluate: function (net, number of images) -> scores on held-back images.
        weight_decay: factor of the L2 decay.
    """

    net: str
    strategy: Callable
    batch: Callable
    evaluate: Callable
    weight_decay: float


def _evaluate_rec(net, count):
    words = evaluate_rec(net, [pages.word_at(HELD_BACK, i) for i in range(count)], ALPHABET)
    lines = evaluate_rec(net, [pages.line_at(HELD_BACK, i, characters=40) for i in range(count)], ALPHABET)
    return {f"word_{k}": v for k, v in words.items()} | {f"line_{k}": v for k, v in lines.items()}


def _evaluate_det(net, count):
    held_back = (pages.page_at(HELD_BACK, i) for i in range(count // 10))
    return evaluate_det(net, held_back, postprocess=detector_postprocess())


def _evaluate_cls(net, count):
    return score_classifier(net, (streams.cls_batch(HELD_BACK, i) for i in range(max(1, count // 64))))


RECIPES = {
    "det": Recipe(
        "MobileNetV3 large 0.5, DBFPN 96, no SE",
        lambda: PlainDB(db_mobile()),
        lambda seed, step, steps: streams.det_batch(seed, step),
        _evaluate_det,
        0.0,
    ),
    "cls": Recipe(
        "MobileNetV3 small 0.35, 2 classes",
        lambda: PlainCrossEntropy(direction_mobile()),
        lambda seed, step, steps: streams.cls_batch(seed, step, steps),
        _evaluate_cls,
        0.0,
    ),
    "rec": Recipe(
        "MobileNetV3 small 0.5, BiLSTM 48, 96 classes",
        lambda: GuidedCTC(crnn_mobile(ALPHABET.classes), ALPHABET.classes),
        lambda seed, step, steps: streams.rec_batch(seed, step, steps, ALPHABET),
        _evaluate_rec,
        1e-5,
    ),
}


def train(
    name: str,
    *,
    steps: int,
    out,
    seed: int = 1,
    peak: float = 1e-3,
    evaluate_on: int = 300,
    weights=None,
    after: int = 0,
) -> dict:
    """Train a recipe, or resume it, and write the weights and the card.

    Args:
        name: key of RECIPES.
        steps: number of steps of this run.
        out: folder for checkpoints, weights and card.
        seed: seed of all random numbers.
        peak: highest learning rate.
        evaluate_on: number of held-back images for evaluations during training; the card uses four times as many.
        weights: .safetensors file to start from, or None.
        after: number of steps that these weights were trained for; the curriculum continues from there.

    Returns: the card.
    """
    recipe, out = RECIPES[name], pathlib.Path(out)
    paddle.seed(seed)
    with paddle.utils.unique_name.guard():
        strategy = recipe.strategy()
        if weights is not None:
            load_weights(strategy.net, weights)
        optimizer = paddle.optimizer.Adam(
            peak,
            parameters=strategy.trained.parameters(),
            weight_decay=paddle.regularizer.L2Decay(recipe.weight_decay),
        )
    trainer = Trainer(
        strategy,
        optimizer,
        batch_at=lambda step: recipe.batch(seed, after + step, after + steps),
        lr_at=lambda step: lr_at(step, peak=peak, steps=steps, warmup_steps=min(100, steps // 10)),
        seed=seed,
        out=out,
        save_every=200,
        evaluate=lambda net: recipe.evaluate(net, evaluate_on),
        eval_every=400,
    )
    first, began = trainer.resume(), time.time()
    trainer.run(steps)
    strategy.net.eval()
    with paddle.no_grad():
        scores = recipe.evaluate(strategy.net, 4 * evaluate_on)
    command = f"python -m ppocr_lessons.zoo.recipes {name} --steps {steps} --seed {seed} --peak {peak}"
    if weights is not None:
        command += f" --weights {pathlib.Path(weights).name} --after {after}"
    card = {
        "net": recipe.net,
        "parameters": count_parameters(strategy.net),
        "data": "synthetic, ppocr_lessons.datasets.synthetic.streams",
        "seed": seed,
        "steps": steps,
        "peak_learning_rate": peak,
        "minutes": round((time.time() - began) / 60, 1),
        "steps_timed": steps - first,
        "samples": sum(row["samples"] for row in trainer.history),
        "machine": describe_machine(),
        "command": command,
        "scores": {k: round(v, 4) for k, v in scores.items()},
    }
    save_weights(strategy.net, out / "weights.safetensors", {"net": recipe.net})
    (out / "card.json").write_text(json.dumps(card, indent=1), encoding="utf-8")
    return card


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Train one of the shipped nets.")
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--weights")
    parser.add_argument("--after", type=int, default=0)
    print(json.dumps(train(**vars(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
