"""Train the detector further on synthetic photographs, which consist mostly of background.

A detector that has only seen pages of text finds text in every fine, regular structure. `photo_streams` draws scenes with
railings, foliage, masonry, framed signs and receipts, and scenes without any text.

    python -m ppocr_lessons.zoo.photo_detector --start det_pages --steps 2600 --fonts fonts --out runs/photo

An interrupted run resumes. With `--start official` training begins from PP-OCRv2's official weights.
"""

import argparse
import json
import pathlib
import time

import paddle

from ..datasets.synthetic.pages import page_at
from ..datasets.synthetic.photo_pages import photo_page_at
from ..datasets.synthetic.photo_streams import photo_det_batch
from ..det.db_loss import PlainDB
from ..det.dbnet import db_mobile
from ..evaluate import evaluate_det
from ..runtime import describe_machine
from ..training.cosine_warmup import lr_at
from ..training.tensor_files import assign, count_parameters, save_weights
from ..training.trainer import Trainer
from .fine_tuning import fix_statistics, read_weights
from .pretrained import detector_postprocess, pretrained

HELD_BACK = 900_001
"""Seed of the pages for evaluation, which no training uses."""


def score(net, fonts: str, count: int = 60) -> dict[str, float]:
    """Precision, recall and hmean on held-back pages of text and on held-back synthetic photographs.

    Args:
        net: detector in evaluation mode.
        fonts: fonts of the photographs, see `fonts.font_paths`; the pages are drawn with the course's fonts.
        count: number of pages of each kind.
    """
    streams = {
        "pages": (page_at(HELD_BACK, i) for i in range(count)),
        "photographs": (photo_page_at(HELD_BACK, i, fonts=fonts) for i in range(count)),
    }
    return {
        f"{kind}_{name}": value
        for kind, stream in streams.items()
        for name, value in evaluate_det(net, stream, postprocess=detector_postprocess()).items()
    }


def _run(net, parameters, *, steps, peak, seed, out, fonts) -> tuple[int, int]:
    """Train some parameters of a detector, or resume it; returns the first step of this call and the samples seen."""
    with paddle.utils.unique_name.guard():
        optimizer = paddle.optimizer.Adam(peak, parameters=parameters)
    trainer = Trainer(
        PlainDB(net),
        optimizer,
        batch_at=lambda step: photo_det_batch(seed, step, fonts=fonts),
        lr_at=lambda step: lr_at(step, peak=peak, steps=steps, warmup_steps=min(100, steps // 10)),
        seed=seed,
        out=out,
        save_every=100,
    )
    first = trainer.resume()
    trainer.run(steps)
    return first, sum(int(row["samples"]) for row in trainer.history)


def train(
    *,
    start: str,
    steps: int,
    out,
    fonts: str = "course",
    seed: int = 21,
    peak: float = 1e-3,
    thresh_steps: int = 100,
) -> dict:
    """Train, or resume, and write `weights.safetensors` and `card.json`.

    Args:
        start: weights to begin with: "det_pages", another file as in `read_weights`, or "official".
        steps: number of batches of 8 squares of 320 x 320 pixels.
        out: folder for checkpoints, weights and card.
        fonts: see `fonts.font_paths`.
        seed: seed of all random numbers.
        peak: highest learning rate.
        thresh_steps: with official weights, number of batches for the threshold branch alone. The official weights lack
            this branch, and gradients through a random branch would damage the other weights. Batch norms with
            official statistics keep them.

    Returns: the card.

    Raises:
        ImportError: official weights are requested, and the package is not installed.
        WeightsError: the initial weights cannot be read or do not fit.
    """
    out, began = pathlib.Path(out), time.time()
    settings = {"seed": seed, "fonts": fonts}
    samples = 0
    paddle.seed(seed)
    if start == "official":
        net = pretrained("det", "official")
        for trained_part in (net.backbone, net.neck, net.head.binarize):
            fix_statistics(trained_part)
        branch = net.head.thresh.parameters()
        _, samples = _run(net, branch, steps=thresh_steps, peak=1e-3, out=out / "thresh", **settings)
    else:
        net = db_mobile()
        assign(net, read_weights(start), start)
    first, seen = _run(net, net.parameters(), steps=steps, peak=peak, out=out / "all", **settings)
    net.eval()
    save_weights(net, out / "weights.safetensors")
    card = {
        "net": "MobileNetV3 large 0.5, DBFPN 96, no SE",
        "parameters": count_parameters(net),
        "origin": pathlib.Path(start).name,
        "data": "synthetic, ppocr_lessons.datasets.synthetic.photo_streams",
        "seed": seed,
        "steps": steps,
        "samples": samples + seen,
        "peak_learning_rate": peak,
        "minutes": round((time.time() - began) / 60, 1),
        "steps_timed": steps - first,
        "machine": describe_machine(),
        "command": "python -m ppocr_lessons.zoo.photo_detector "
        f"--start {pathlib.Path(start).name} --steps {steps} --seed {seed} --peak {peak} --fonts fonts",
        "scores": {name: round(value, 4) for name, value in score(net, fonts).items()},
    }
    (out / "card.json").write_text(json.dumps(card, indent=1), encoding="utf-8")
    return card


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Train the detector further on synthetic photographs.")
    parser.add_argument("--start", required=True, help='"det_pages", a .safetensors file, or "official"')
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--fonts", default="course", help='"course", "system" or a folder of font files')
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument(
        "--thresh-steps", type=int, default=100, help="with official weights: of the new branch alone"
    )
    print(json.dumps(train(**vars(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
