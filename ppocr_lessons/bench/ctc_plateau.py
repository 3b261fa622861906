"""The recorded run of notebook 11b: a recognizer trained from scratch with the CTC loss alone.

    python -m ppocr_lessons.bench.ctc_plateau --out runs/ctc_plateau

takes 7 to 15 minutes on one CPU core. An interrupted run resumes. It writes `result.json`: the
output of the network for a few lines at several steps, and the loss at the steps between them.
"""

import argparse
import json
import pathlib
import time
from collections.abc import Sequence

import numpy as np
import paddle
import paddle.nn.functional as F

from ..datasets.batches import RecBatch
from ..datasets.resize import fit_line
from ..datasets.seeding import rng_for
from ..datasets.synthetic.corpus import english_words
from ..datasets.synthetic.pages import render_line
from ..datasets.synthetic.streams import encode_labels
from ..losses.ctc_loss import PlainCTC
from ..rec.alphabet import BLANK, ENGLISH, Alphabet
from ..rec.crnn import crnn_mobile
from ..rec.ctc_decode import greedy_decode
from ..rec.metric import character_error_rate
from ..training.cosine_warmup import lr_at
from ..training.trainer import Trainer
from .provenance import provenance

SEED, PEAK, WARMUP, STEPS = 1, 2e-3, 100, 2000
WIDTH, LINES = 96, 24
"""Width of a line in pixels, which gives 24 time steps, and lines per batch."""

STOPS = (0, 100, 250, 500, 750, 1000, 1500, 2000)
"""Steps after which the output of the network is recorded."""

HELD_BACK = 900_011
"""Seed of the lines whose output is recorded; the run is trained with SEED."""

ASKED, SHOWN = 48, 3
"""Number of lines that are scored, and number of these whose time steps are recorded."""


def short_lines(rng: np.random.Generator, count: int) -> tuple[np.ndarray, list[str]]:
    """Render clean lines of one word of 4 to 8 characters, black on white.

    Args:
        rng: source of all random numbers.
        count: number of lines.

    Returns: (count, 3, 32, WIDTH) float32 and the texts.
    """
    words = [word for word in english_words() if 4 <= len(word) <= 8]
    lines = [render_line(rng, words[rng.integers(len(words))], clean=True) for _ in range(count)]
    return np.stack([fit_line(line.image, 32, WIDTH) for line in lines]), [line.text for line in lines]


@paddle.no_grad()
def ask(net, images: np.ndarray, texts: Sequence[str], alphabet: Alphabet, *, shown: int = SHOWN) -> dict:
    """Record the output of a recognizer for lines of text.

    Args:
        net: a CRNN; it runs in evaluation mode and is returned to its previous mode.
        images: (N, 3, 32, W) float32.
        texts: N labels.
        alphabet: of the classes of the network.
        shown: number of lines whose time steps are recorded.

    Returns: mean blank probability over all time steps; mean probability of the best character; mean character error
        rate; and for each line shown its label, its reading and, at each time step, the probability of the blank and the
        most probable character with its probability.
    """
    training = net.training
    net.eval()
    probs = F.softmax(net(paddle.to_tensor(images))[0], axis=-1).numpy().astype(float)
    if training:
        net.train()
    readings = [reading.text for reading in greedy_decode(probs, alphabet)]
    characters = np.delete(probs, BLANK, axis=2)
    best = characters.argmax(2)
    return {
        "blank": float(probs[..., BLANK].mean()),
        "best_character": float(characters.max(2).mean()),
        "cer": float(np.mean([character_error_rate(*pair) for pair in zip(readings, texts, strict=True)])),
        "lines": [
            {
                "text": texts[i],
                "reading": readings[i],
                "blank": probs[i, :, BLANK].round(4).tolist(),
                "character": [alphabet.characters[c] for c in best[i]],
                "probability": characters[i].max(1).round(4).tolist(),
            }
            for i in range(shown)
        ],
    }


def _batch(step: int, alphabet: Alphabet) -> RecBatch:
    images, texts = short_lines(rng_for(SEED, step), LINES)
    return RecBatch(paddle.to_tensor(images), *encode_labels(texts, alphabet))


def run(out, *, steps: int = STEPS, stops: Sequence[int] = STOPS) -> dict:
    """Train a recognizer from scratch and record its output at several steps.

    Args:
        out: folder of checkpoints and of the record.
        steps: of the whole run; the learning rate falls to 0 at its end.
        stops: steps after which the output is recorded, ascending; those beyond `steps` are left out.

    Returns: the record, also written to `result.json`.
    Source: chapter 2.3.
    """
    out, alphabet, began = pathlib.Path(out), Alphabet(ENGLISH), time.time()
    out.mkdir(parents=True, exist_ok=True)
    paddle.seed(SEED)
    with paddle.utils.unique_name.guard():
        strategy = PlainCTC(crnn_mobile(alphabet.classes))
        optimizer = paddle.optimizer.Adam(PEAK, parameters=strategy.trained.parameters())
    trainer = Trainer(
        strategy,
        optimizer,
        batch_at=lambda step: _batch(step, alphabet),
        lr_at=lambda step: lr_at(step, peak=PEAK, steps=steps, warmup_steps=WARMUP),
        seed=SEED,
        out=out,
    )
    images, texts = short_lines(rng_for(HELD_BACK, 0), ASKED)
    first, answers = trainer.resume(), out / "answers.json"
    asked = json.loads(answers.read_text(encoding="utf-8")) if answers.is_file() else {}
    for stop in (stop for stop in stops if first <= stop <= steps):
        trainer.run(stop)
        asked[str(stop)] = ask(strategy.net, images, texts, alphabet)
        answers.write_text(json.dumps(asked), encoding="utf-8")
    trainer.run(steps)
    record = {
        "asked": asked,
        "loss": [
            [row["step"] + 1, round(row["loss"], 4)] for row in trainer.history if row["step"] % 10 == 9
        ],
        "steps": steps,
        "minutes": round((time.time() - began) / 60, 1),
        "seed": SEED,
    } | provenance(f"python -m ppocr_lessons.bench.ctc_plateau --steps {steps} --out runs/ctc_plateau")
    (out / "result.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    return record


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Train a recognizer from scratch and record what it says.")
    parser.add_argument("--out", required=True, help="folder of checkpoints and of result.json")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of the whole run, {STEPS} by default")
    args = parser.parse_args()
    record = run(args.out, steps=args.steps)
    for step, answer in record["asked"].items():
        print(f"step {step:>5}: blank {answer['blank']:.3f}  CER {answer['cer']:.3f}  {answer['lines'][0]}")


if __name__ == "__main__":
    main()
