"""The map of all strategies: which net, which part of it, which chapter."""

from ..strategies import STRATEGIES
from .figure import BLUE, GREEN, ORANGE, new_figure, show

_COLORS = {"det": BLUE, "cls": ORANGE, "rec": GREEN}
_TITLES = {"det": "text detection", "cls": "direction classifier", "rec": "text recognition"}


def show_map():
    """Strategies in three columns, one a net; the second edition's with a double frame."""
    columns = {stage: [s for s in STRATEGIES if stage in s.stages] for stage in _TITLES}
    rows = max(map(len, columns.values()))
    figure, axis = new_figure(size=(12, 0.42 * rows + 0.8))
    axis.set(xlim=(0, 3), ylim=(rows + 0.2, -1))
    axis.axis("off")
    for x, (stage, strategies) in enumerate(columns.items()):
        axis.text(x + 0.48, -0.55, _TITLES[stage], ha="center", fontweight="bold", color=_COLORS[stage])
        for y, s in enumerate(strategies):
            box = {
                "boxstyle": "round,pad=0.3",
                "fc": "white" if s.edition == 1 else "#eeeeee",
                "ec": _COLORS[stage],
                "lw": 1.2 if s.edition == 1 else 2.6,
            }
            mark = "" if s.done else "  (to come)"
            axis.text(x + 0.02, y, f"{s.section}  {s.title}{mark}", fontsize=8.5, va="center", bbox=box)
    return show(
        figure, "Map of 24 strategies by net: " + "; ".join(f"{s.section} {s.title}" for s in STRATEGIES)
    )
