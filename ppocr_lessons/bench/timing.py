"""Interleaved timing. On a shared machine ratios from one run are more reliable than absolute times."""

import gc
import statistics
import time
from collections.abc import Callable


def interleaved(
    variants: dict[str, Callable[[], object]],
    *,
    rounds: int = 15,
    warmup: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Measure the median time of each variant.

    Every round runs each variant once. The runs are interleaved, so that load affects all variants equally.

    Args:
        variants: functions without arguments by name.
        rounds: number of timed rounds.
        warmup: number of untimed rounds before them.
        clock: function that returns seconds. For functions that use a single thread, time.process_time leaves out the
            time during which other programs had the processor.

    Returns: median in seconds by name.
    """
    taken = {name: [] for name in variants}
    for number in range(warmup + rounds):
        for name, run in variants.items():
            gc.collect(0)
            start = clock()
            run()
            if number >= warmup:
                taken[name].append(clock() - start)
    return {name: statistics.median(times) for name, times in taken.items()}
