"""Interleaved timing. On a shared machine a number alone means little, a ratio in one run more."""

import gc
import statistics
import time
from collections.abc import Callable


def interleaved(
    variants: dict[str, Callable[[], object]], *, rounds: int = 15, warmup: int = 2
) -> dict[str, float]:
    """Median seconds of each variant.

    All variants run once a round, one after the other, so that a slow minute of the machine hits all.

    Args:
        variants: functions without arguments by name.
        rounds: timed ones.
        warmup: rounds before them that do not count.
    """
    taken = {name: [] for name in variants}
    for number in range(warmup + rounds):
        for name, run in variants.items():
            gc.collect(0)
            start = time.perf_counter()
            run()
            if number >= warmup:
                taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in taken.items()}
