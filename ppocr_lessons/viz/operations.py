"""Figure of the operations of several networks: the time of each, and how efficiently it computes."""

import numpy as np

from ..bench.onednn_profile import KINDS, Operation, by_kind
from .figure import BLACK, BLUE, GREEN, HATCHES, MARKERS, ORANGE, PURPLE, RED, SKY, new_figure, show

_RATES = (10, 100)
"""Billion MACs per second of the dashed lines."""


def show_operations(profiles: dict[str, list[Operation]]):
    """Time and MACs by kind of operation, and the time of every convolution over its MACs.

    In the third panel both axes are logarithmic. Each dashed line is a constant number of MACs per second.

    Args:
        profiles: operations of `bench.onednn_profile.profile` by name of the network.

    Returns: an IPython.display.Image.

    Raises:
        ValueError: a network has no operations, because Paddle does not use oneDNN on this machine.
    """
    silent = [name for name, operations in profiles.items() if not operations]
    if silent:
        raise ValueError(f"no operations of {silent}; Paddle does not use oneDNN on this machine")
    figure, axes = new_figure(1, 3, size=(12, 3.8), width_ratios=(3, 3, 4))
    sums = {name: by_kind(operations) for name, operations in profiles.items()}
    places, told = range(len(profiles)), []
    for axis, field, scale, title in (
        (axes[0], "ms", 1, "ms in oneDNN"),
        (axes[1], "macs", 1e-6, "million MACs"),
    ):
        base = np.zeros(len(profiles))
        for kind, color, hatch in zip(KINDS, (BLUE, ORANGE, GREEN, PURPLE, SKY), HATCHES, strict=False):
            parts = [getattr(own[kind], field) * scale if kind in own else 0.0 for own in sums.values()]
            axis.bar(places, parts, bottom=base, color=color, hatch=hatch, ec=BLACK, alpha=0.7, label=kind)
            base += parts
        axis.set_xticks(places, list(profiles))
        axis.set_title(title)
        axis.margins(x=0.2)
        told.append(title + ": " + ", ".join(f"{n} {v:.3g}" for n, v in zip(profiles, base, strict=True)))
    axes[0].legend(fontsize=8)
    _scatter(axes[2], profiles)
    return show(figure, f"Bars by kind of operation, and convolutions as points. {'; '.join(told)}.")


def _scatter(axis, profiles):
    points = {
        name: [(1e-6 * op.macs, op.ms) for op in operations if op.kind in ("1x1", "depthwise", "dense")]
        for name, operations in profiles.items()
    }
    for (name, own), marker, color in zip(points.items(), MARKERS, (BLUE, RED, GREEN, ORANGE), strict=False):
        axis.scatter(*zip(*own, strict=True), marker=marker, color=color, s=28, alpha=0.7, label=name)
    macs, times = ([point[i] for own in points.values() for point in own] for i in (0, 1))
    span, top = np.array([min(macs) / 1.5, max(macs) * 1.5]), 3 * max(times)
    axis.set_xscale("log")
    axis.set_yscale("log")
    for rate in _RATES:
        axis.plot(span, span / rate, "--", color=BLACK, lw=0.8, alpha=0.6)
        right = min(span[1], top * rate) / 1.2
        axis.annotate(f"{rate} billion MACs/s", (right, right / rate), fontsize=8, ha="right", va="bottom")
    axis.set_xlim(*span)
    axis.set_ylim(min(times) / 2, top)
    axis.set_xlabel("million MACs of a convolution")
    axis.set_ylabel("ms")
    axis.set_title("every convolution")
    axis.legend(fontsize=8, loc="upper left")
