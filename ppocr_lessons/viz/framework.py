"""The system of the chapter with its strategies in place: Fig. 1 (PP-OCR) and Fig. 3 (PP-OCRv2)."""

from matplotlib.patches import FancyBboxPatch

from ..strategies import Strategy
from .figure import BLUE, GREEN, ORANGE, new_figure, show
from .strategy_map import EDITIONS, STAGES, in_chapter_order

POSTPONED = frozenset({"det-fpgm", "cls-pact", "rec-pact"})
"""Strategies of PP-OCR that the published PP-OCRv2 leaves to its smaller version, PP-OCRv2-tiny (Fig. 3)."""

_COLORS = {"det": BLUE, "cls": ORANGE, "rec": GREEN}
_NETS = {
    "det": "DBNet: boxes around lines",
    "cls": "boxes made upright, 0 or 180 degrees",
    "rec": "CRNN with CTC: characters",
}
_WIDTH, _GAP = 3.6, 0.38


def _state(strategy: Strategy, edition: int) -> str:
    """The state of a strategy in an edition of the system: "new", "kept" or "postponed"."""
    if strategy.edition == edition:
        return "new"
    return "postponed" if strategy.key in POSTPONED else "kept"


def _card(axis, x, y, strategy, edition, color):
    state = _state(strategy, edition)
    marked = edition == 2 and state == "new"
    box = FancyBboxPatch(
        (x, y - 0.32), _WIDTH, 0.64, boxstyle="round,pad=0.02",
        fc="#fff3b8" if marked else "white", ec="#888888" if state == "postponed" else color,
        lw=2.4 if marked else 1.1, ls="--" if state == "postponed" else "-",
    )  # fmt: skip
    axis.add_patch(box)
    text = f"{strategy.section}  {strategy.title}"
    text = "NEW  " + text if marked else text + "  (later)" if state == "postponed" else text
    ink = "#666666" if state == "postponed" else "black"
    axis.text(x + 0.07, y, text, va="center", fontsize=9, color=ink)


def show_framework(edition: int):
    """The three nets in the order in which they work, and below each net its strategies.

    Args:
        edition: 1 for PP-OCR (the chapter's Fig. 1), 2 for PP-OCRv2 (Fig. 3): what it keeps, adds and postpones.
    """
    columns = {
        stage: [s for s in in_chapter_order() if stage in s.stages and s.edition <= edition]
        for stage in STAGES
    }
    rows = max(map(len, columns.values()))
    figure, axis = new_figure(size=(12, 0.36 * rows + 1.2))
    axis.set(xlim=(-0.95, 3 * (_WIDTH + _GAP) + 0.45), ylim=(0.8 * rows + 0.4, -1.75))
    axis.axis("off")
    arrow = {"arrowstyle": "-|>", "lw": 1.8}
    axis.text(-0.95, -1.1, "picture", va="center", fontsize=11)
    for index, (stage, strategies) in enumerate(columns.items()):
        x = index * (_WIDTH + _GAP)
        axis.annotate("", (x, -1.1), (x - _GAP + (0 if index else 0.2), -1.1), arrowprops=arrow)
        head = FancyBboxPatch(
            (x, -1.6), _WIDTH, 1.05, boxstyle="round,pad=0.02", fc=_COLORS[stage], ec="none"
        )
        axis.add_patch(head)
        middle, ink = x + _WIDTH / 2, "black" if stage == "cls" else "white"
        axis.text(middle, -1.3, STAGES[stage], ha="center", va="center", fontweight="bold", color=ink)
        axis.text(middle, -0.85, _NETS[stage], ha="center", va="center", fontsize=9.5, color=ink)
        for place, strategy in enumerate(strategies):
            _card(axis, x, 0.8 * place + 0.1, strategy, edition, _COLORS[stage])
    end = 3 * (_WIDTH + _GAP) - _GAP
    axis.annotate("", (end + 0.4, -1.1), (end, -1.1), arrowprops=arrow)
    axis.text(end + 0.45, -1.1, "text", va="center", fontsize=11)
    listed = "; ".join(
        f"{STAGES[stage]}: {', '.join(f'{s.title} ({_state(s, edition)})' for s in strategies)}"
        for stage, strategies in columns.items()
    )
    return show(figure, f"{EDITIONS[edition]} as a chain of three nets with their strategies. {listed}")
