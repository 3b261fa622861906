"""Costs and gains of integers: all three networks in floating point, as simulated integers, and running as integers.

    ppocr-lessons bench integers data --out data/results/integers.json

The networks are calibrated on rendered lines and pages and scored on the committed sets, which they have not seen. Nothing is
trained here; the ablation `quant` measures the effect of training at fewer bits.
"""

import copy
import pathlib
import tempfile
import time
from collections.abc import Callable

import cv2
import numpy as np
import paddle

from ..cls.input_resolution import LARGE, cls_resize
from ..datasets.resize import fit_line, line_width, normalize_page
from ..datasets.seeding import rng_for
from ..datasets.shipped import shipped_lines, shipped_page
from ..datasets.synthetic.corpus import english_line
from ..datasets.synthetic.pages import render_line, render_page
from ..deploy.predictor import Predictor
from ..det.metric import DetMetric
from ..quant.int8 import convert, integer_layers, save_int8
from ..quant.integer_engine import IntegerEngine, has_vnni
from ..quant.onnx_nets import onnx_model
from ..quant.prepare import calibrate, prepare, quantizable, without_gain
from ..rec.crnn import crnn_mobile
from ..rec.ctc_decode import greedy_decode
from ..training.tensor_files import count_parameters
from ..zoo.pretrained import detector_postprocess, pretrained, pretrained_alphabet
from .provenance import provenance
from .timing import interleaved

STAGES = ("det", "cls", "rec")
CALIBRATION, SEED = 48, 700_001
"""Number of lines for calibration, and their seed; there are an eighth as many pages."""

PAGES, LINES, WIDTH_STEP = 8, 240, 32
TIMED = {"det": (1, 3, 640, 640), "cls": (6, 3, 48, 192), "rec": (6, 3, 32, 320)}
"""Input of each network that is timed."""

CHINESE = 6625
Predict = Callable[[np.ndarray], np.ndarray]


def _line_input(stage: str, line: np.ndarray) -> np.ndarray:
    if stage == "cls":
        return cls_resize(line, LARGE)
    width = max(2, -(-line_width(line, 32) // WIDTH_STEP)) * WIDTH_STEP
    return fit_line(line, 32, min(width, 1280))


def calibration_inputs(stage: str) -> list[np.ndarray]:
    """Inputs for choosing the clipping bounds of a network.

    Args:
        stage: one of STAGES.

    Returns: arrays (1, 3, H, W) float32.
    """
    if stage == "det":
        pages = (render_page(rng_for(SEED, i), (640, 640)).image for i in range(CALIBRATION // 8))
        return [normalize_page(page)[None] for page in pages]
    rngs = [rng_for(SEED, i) for i in range(CALIBRATION)]
    lines = [render_line(rng, english_line(rng, int(rng.integers(3, 30)))).image for rng in rngs]
    if stage == "cls":
        lines = [np.ascontiguousarray(line[::-1, ::-1]) if i % 2 else line for i, line in enumerate(lines)]
    return [_line_input(stage, line)[None] for line in lines]


def float_inputs(stage: str, net) -> list[str]:
    """Layers whose inputs stay in floating point, because the engine's integer kernels take longer for them.

    The profile of OpenVINO says which: on text lines the depthwise convolutions and the gates, and of the classifier the linear
    layer with its two outputs. On the large maps of the detector, depthwise convolutions are faster with integers, too.

    Args:
        stage: one of STAGES.
        net: network of the stage.

    Returns: names of layers, for `prepare`.
    """
    if stage == "det":
        return []
    linear = [name for name, layer in quantizable(net).items() if isinstance(layer, paddle.nn.Linear)]
    return [*without_gain(net), *(linear if stage == "cls" else [])]


def integer_net(stage: str):
    """A shipped network as integers of 8 bits, calibrated by the mean squared error.

    Activations of detector and recognizer are asymmetric: most of them come from a ReLU or a hard swish and are hardly negative,
    so a symmetric grid would leave nearly half of its steps unused. The classifier uses a symmetric grid: a zero point
    costs time, and symmetric activations cost it no accuracy. All weights are integers; the inputs of `float_inputs`
    are not.

    Args:
        stage: one of STAGES.

    Returns: the converted network.
    """
    net = pretrained(stage)
    prepare(net, bits=8, symmetric=stage == "cls", float_inputs=float_inputs(stage, net))
    calibrate(net, [paddle.to_tensor(x) for x in calibration_inputs(stage)], "mse")
    return convert(net)


def score(stage: str, predict: Predict, data: pathlib.Path) -> tuple[float, np.ndarray]:
    """Score a network on the committed sets.

    Args:
        stage: one of STAGES.
        predict: from an input (1, 3, H, W) to probabilities.
        data: folder of the sets.

    Returns: hmean of the detector, accuracy of the others; and the labels of all pixels, lines or time steps.
    """
    if stage == "det":
        metric, postprocess, labels = DetMetric(), detector_postprocess(), []
        for index in range(PAGES):
            page = shipped_page(data / "det_en", index)
            prob = predict(normalize_page(cv2.resize(page.image, (640, 640)))[None])[0, 0]
            metric.add(
                postprocess(prob, page.image.shape[:2]).polygons, page.polygons, [False] * len(page.texts)
            )
            labels.append((prob > postprocess.thresh).ravel())
        return metric.score().hmean, np.concatenate(labels)
    lines = shipped_lines(data / "rec_en")[:LINES]
    if stage == "cls":
        turned = [line.image[::-1, ::-1] if i % 2 else line.image for i, line in enumerate(lines)]
        labels = np.array(
            [predict(_line_input(stage, np.ascontiguousarray(x))[None])[0].argmax() for x in turned]
        )
        return float((labels == np.arange(len(lines)) % 2).mean()), labels
    found, right, alphabet = [], 0, pretrained_alphabet()
    for line in lines:
        probs = predict(_line_input(stage, line.image)[None])
        right += greedy_decode(probs, alphabet)[0].text == line.text
        found.append(probs[0].argmax(-1))
    return right / len(lines), np.concatenate(found)


def simulated(net) -> Predict:
    """The converted network in Paddle, as a function from inputs to probabilities.

    Args:
        net: of `integer_net`.
    """
    predict = Predictor(net, threads=1)
    return predict.eager


def file_mb(net, *, half: bool = False) -> float:
    """Size of a converted network on disk in megabytes (10^6 bytes).

    Args:
        net: of `integer_net`.
        half: write what stays in floating point, such as the LSTM, in 16 bits.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "net.safetensors"
        save_int8(net, path, half=half)
        return path.stat().st_size / 1e6


def chinese_mb() -> dict[str, float]:
    """Size of the mobile recognizer with 6,625 classes as integers, with an LSTM in 32 and in 16 bits."""
    net = prepare(crnn_mobile(CHINESE), symmetric=False)
    net.eval()
    calibrate(net, [paddle.to_tensor(x) for x in calibration_inputs("rec")[:4]], "min-max")
    convert(net)
    return {"float32_lstm": file_mb(net), "float16_lstm": file_mb(net, half=True)}


def measure_stage(stage: str, data, *, rounds: int = 15) -> dict:
    """Score, compare and time one network.

    Args:
        stage: one of STAGES.
        data: folder of the committed sets.
        rounds: number of timed rounds.

    Returns: score of `float`, `simulated` and `running` integers; agreement of the labels of the last two; number of
        layers that compute with integers, and of those whose weights alone are integers; size in MB of the parameters as float32 and of
        the integers' file; median milliseconds of processor time of Paddle, and of OpenVINO with floats and integers, one thread,
        interleaved.

    Raises:
        ImportError: openvino is not installed.
    """
    data, net, whole = pathlib.Path(data), integer_net(stage), pretrained(stage)
    paddle_float = Predictor(whole, threads=1)
    engines = {
        "float": IntegerEngine(onnx_model(copy.deepcopy(whole))),
        "integers": IntegerEngine(onnx_model(net)),
    }
    layers = integer_layers(net).values()
    integers = [layer for layer in layers if layer.rounds_input]
    scores, labels = {}, {}
    for name, predict in (
        ("float", engines["float"]),
        ("simulated", simulated(net)),
        ("running", engines["integers"]),
    ):
        scores[name], labels[name] = score(stage, predict, data)
    x = np.random.default_rng(0).standard_normal(TIMED[stage]).astype(np.float32)
    runs: dict[str, Callable] = {"paddle": lambda: paddle_float(x)}
    runs |= {f"openvino_{name}": (lambda engine=engine: engine(x)) for name, engine in engines.items()}
    times = interleaved(
        runs, rounds=rounds, clock=time.process_time
    )  # processor time of one thread excludes other programs
    return {
        "stage": stage,
        "scores": scores,
        "agreement": float((labels["simulated"] == labels["running"]).mean()),
        "layers": {"integers": len(integers), "float_inputs": len(layers) - len(integers)},
        "float_mb": 4e-6 * count_parameters(whole),
        "mb": file_mb(net),
        "ms": {name: 1e3 * seconds for name, seconds in times.items()},
    }


def record(data, *, stages=STAGES, rounds: int = 15) -> dict:
    """Measure all networks, for data/results.

    Args:
        data: folder of the committed sets.
        stages: some of STAGES.
        rounds: number of timed rounds.

    Returns: rows of `measure_stage`, their sizes and latencies as `costs`, sizes of the recognizer with 6,625 classes, whether the CPU has VNNI instructions,
        machine, command, commit and date.
    """
    rows = [measure_stage(stage, data, rounds=rounds) for stage in stages]
    costs = {}
    for row in rows:
        costs[f"{row['stage']}-float"] = {"saved_mb": row["float_mb"], "ms": row["ms"]["openvino_float"]}
        costs[f"{row['stage']}-int8"] = {"saved_mb": row["mb"], "ms": row["ms"]["openvino_integers"]}
    return {
        "rows": rows,
        "costs": costs,
        "chinese_mb": chinese_mb(),
        "vnni": has_vnni(),
        **provenance("ppocr-lessons bench integers data --out data/results/integers.json"),
    }


def as_text(result: dict) -> str:
    """Format a record as a table for a terminal.

    Args:
        result: result of `record`.
    """
    lines = [
        f"{'net':5}{'float':>8}{'simulated':>11}{'running':>9}{'agree':>8}{'MB':>7}{'Paddle ms':>11}{'float ms':>10}{'int ms':>8}"
    ]
    for row in result["rows"]:
        scores, ms = row["scores"], row["ms"]
        lines.append(
            f"{row['stage']:5}{scores['float']:8.3f}{scores['simulated']:11.3f}{scores['running']:9.3f}"
            f"{row['agreement']:8.4f}{row['mb']:7.3f}{ms['paddle']:11.2f}{ms['openvino_float']:10.2f}{ms['openvino_integers']:8.2f}"
        )
    sizes = result["chinese_mb"]
    lines.append(
        f"recognizer with {CHINESE} classes: {sizes['float32_lstm']:.2f} MB, {sizes['float16_lstm']:.2f} MB with a float16 LSTM"
    )
    return "\n".join(lines)
