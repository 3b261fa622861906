"""Pictures and tables of chapter 19: whole systems, and the verdicts on all claims."""

from collections.abc import Mapping, Sequence

from IPython.display import Markdown
from matplotlib.lines import Line2D

from ..bench.claimed_costs import Costs
from ..bench.claims import VERDICTS, Claim
from ..bench.whole_systems import STAGES, SYSTEMS
from .figure import BLUE, GREEN, RED, new_figure, show

_COLORS = {"det": BLUE, "cls": GREEN, "rec": RED}
_HATCHES = {"det": "", "cls": "//", "rec": ".."}


def show_systems(measured: Mapping[str, dict], *, chapter: bool = True):
    """Megabytes and milliseconds of whole systems, stage by stage, as stacked bars.

    Args:
        measured: `mb` and `ms` by stage, by key of whole_systems.SYSTEMS, as in data/results/systems.json.
        chapter: also mark the sizes of the chapter. Its times come from another machine and are only in the table.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, 2, size=(11, 0.8 * len(measured) + 1.6))
    names = list(measured)
    for axis, part, unit in zip(axes, ("mb", "ms"), ("MB", "ms a page, one thread"), strict=True):
        for place, name in enumerate(names):
            left = 0.0
            for stage in STAGES:
                value = measured[name][part][stage]
                label = stage if place == 0 else None
                axis.barh(
                    place,
                    value,
                    left=left,
                    color=_COLORS[stage],
                    hatch=_HATCHES[stage],
                    edgecolor="white",
                    label=label,
                )
                left += value
            axis.text(left, place, f" {left:.1f}" if part == "mb" else f" {left:.0f}", va="center")
        if part == "mb" and chapter:
            published = [SYSTEMS[name].published_mb for name in names]
            axis.plot(published, range(len(names)), "k|", markersize=24, label="chapter")
        axis.set_yticks(range(len(names)), [SYSTEMS[name].title for name in names])
        axis.set_xlabel(unit)
        axis.margins(x=0.15)
        axis.invert_yaxis()
    for handle in axes[0].legend(fontsize=9).legend_handles:
        if isinstance(handle, Line2D):
            handle.set_markersize(9)  # as high as a bar it would not fit into its row
    told = "; ".join(
        f"{SYSTEMS[name].title}: {sum(measured[name]['mb'].values()):.1f} MB, {sum(measured[name]['ms'].values()):.0f} ms"
        for name in names
    )
    return show(figure, f"Size and time of the systems by stage. {told}.")


def _measured_cell(costs: Costs | None) -> str:
    if costs is None:
        return ""
    return f"{costs.mb[0]:.2f} → {costs.mb[1]:.2f} MB, {costs.ms[0]:.1f} → {costs.ms[1]:.1f} ms"


def claims_table(found: Sequence[Claim], measured: Mapping[str, Costs]) -> Markdown:
    """All claims: chapter, what was recorded here, what this machine measured, and the verdict.

    Args:
        found: result of `bench.claims.claims`.
        measured: costs by key of the strategy, result of `bench.claimed_costs.measure`.

    Returns: a Markdown table. Its links are relative to the folder of the notebooks.
    """
    lines = [
        "| strategy | the chapter's claim | recorded here | measured on this machine | verdict | reason |",
        "|--|--|--|--|--|--|",
    ]
    for claim in found:
        s = claim.strategy
        recorded = "<br>".join(entry.as_text() for entry in claim.found) or "nothing"
        lines.append(
            f"| [{s.section} {s.title}]({s.notebook}) | {s.claim} | {recorded} | {_measured_cell(measured.get(s.key))} "
            f"| **{claim.verdict}** | {claim.reason} |"
        )
    return Markdown("\n".join(lines))


def show_verdicts(found: Sequence[Claim]):
    """How many claims have each verdict, by edition and network.

    Args:
        found: result of `bench.claims.claims`.

    Returns: an IPython.display.Image.
    """
    figure, axis = new_figure(size=(9, 2.8))
    groups = [(1, "det"), (1, "cls"), (1, "rec"), (2, "det"), (2, "rec")]
    colors, hatches = (GREEN, BLUE, RED, "#999999"), ("", "//", "xx", "..")
    left = [0] * len(groups)
    for verdict, color, hatch in zip(VERDICTS, colors, hatches, strict=True):
        counts = [
            sum(
                c.verdict == verdict and c.strategy.edition == edition and stage in c.strategy.stages
                for c in found
            )
            for edition, stage in groups
        ]
        axis.barh(
            range(len(groups)), counts, left=left, color=color, hatch=hatch, edgecolor="white", label=verdict
        )
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axis.set_yticks(
        range(len(groups)), [f"{'PP-OCR' if e == 1 else 'PP-OCRv2'} {stage}" for e, stage in groups]
    )
    axis.set_xlabel("strategies")
    axis.invert_yaxis()
    figure.legend(loc="outside right upper", fontsize=9)
    total = ", ".join(f"{sum(c.verdict == verdict for c in found)} {verdict}" for verdict in VERDICTS)
    return show(figure, f"Verdicts on {len(found)} strategies: {total}.")
