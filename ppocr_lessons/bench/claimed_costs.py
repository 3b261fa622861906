"""Size and latency of a network without and with a strategy, measured on this machine."""

import gc
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..config.configuration import Config
from ..config.evaluation import input_size
from ..config.networks import build_net
from ..config.strategy_configs import strategy_configs
from ..deploy.export import export_cached, size_mb
from ..deploy.predictor import Predictor
from ..strategies import get
from .provenance import known_rows
from .timing import interleaved

KEYS = (
    "det-light-head",
    "det-se-removal",
    "cls-light-backbone",
    "cls-input-resolution",
    "rec-light-backbone",
    "rec-light-head",
    "rec-feature-stride",
    "rec-pp-lcnet",
)
"""Strategies that change the network or the size of its input and nothing else."""

CLASSES = 6625
SIDE, WIDTH, LINES = 640, 320, 6
"""Input of the detector in pixels, width of a line for the recognizer, and lines per batch of the classifier."""


class Costs(NamedTuple):
    """Size of the exported network in MB and median milliseconds, each as (without, with) the strategy."""

    mb: tuple[float, float]
    ms: tuple[float, float]


def _shape(config: Config) -> tuple[int, int, int, int]:
    if config.task == "det":
        return 1, 3, SIDE, SIDE
    return (LINES, 3, *input_size(config)) if config.task == "cls" else (1, 3, 32, WIDTH)


def measure(keys: Sequence[str] = KEYS, *, rounds: int = 7, threads: int = 1) -> dict[str, Costs]:
    """Measure untrained networks with oneDNN; the runs without and with a strategy are interleaved.

    Args:
        keys: of the strategies, from KEYS.
        rounds: number of timed rounds.
        threads: number of CPU threads.

    Returns: costs by key.

    Raises:
        ValueError: a key that is not in KEYS.
    """
    found = {}
    for key in known_rows(list(keys), KEYS):
        sizes, runs = [], {}
        for number, config in enumerate(strategy_configs(get(key))):
            (net,) = config.nets.values()
            built = build_net(net, config.task, CLASSES)
            built.eval()
            sizes.append(size_mb(export_cached(built)))
            predict = Predictor(built, threads=threads)
            x = np.random.default_rng(0).standard_normal(_shape(config)).astype(np.float32)
            runs[number] = lambda predict=predict, x=x: predict(x)
        times = interleaved(runs, rounds=rounds)
        del built, predict, runs
        gc.collect()  # an exported network has cycles of references and would stay in memory
        found[key] = Costs((sizes[0], sizes[1]), (1e3 * times[0], 1e3 * times[1]))
    return found
