"""Figures and tables of the costs of a net (feature maps, parameters, MACs, milliseconds) and of its accuracy."""

import html

import numpy as np

from .figure import BLACK, BLUE, GREEN, HATCHES, MARKERS, RED, new_figure, show

_GAP = 1.4
"""Space between two boxes, in the units of `show_stages`."""


def show_stages(stages: dict[str, list[tuple[int, int, int]]]):
    """Draw the feature maps of several backbones as boxes: as tall as the map, as wide as its number of channels.

    All panels have the same scale, so sizes can be compared between backbones.

    Args:
        stages: (channels, height, width) of each feature map, finest first, by name of the backbone.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, len(stages), size=(12, 3))
    tallest = max(height for maps in stages.values() for _, height, _ in maps)
    widest = max(channels for maps in stages.values() for channels, _, _ in maps)
    drawn = {
        name: [0.1 + 2.5 * channels / widest for channels, _, _ in maps] for name, maps in stages.items()
    }
    span = max(sum(widths) + _GAP * (len(widths) - 1) for widths in drawn.values())
    for axis, (name, maps) in zip(np.atleast_1d(axes), stages.items(), strict=True):
        left = 0.0
        for number, ((channels, height, width), hatch) in enumerate(zip(maps, HATCHES, strict=False)):
            wide, tall = drawn[name][number], height / tallest
            axis.bar(
                left,
                tall,
                wide,
                align="edge",
                bottom=-tall / 2,
                color=BLUE,
                alpha=0.35,
                hatch=hatch,
                ec=BLACK,
            )
            text = f"C{number + 2}\n{channels} ch\n{height} x {width}"
            axis.text(left + wide / 2, -0.54, text, ha="center", va="top", fontsize=8)
            left += wide + _GAP
        axis.set_axis_off()
        axis.set_xlim(-0.5, span + 0.5)
        axis.set_ylim(-0.9, 0.55)
        axis.set_title(name)
    told = "; ".join(
        f"{name}: " + ", ".join("x".join(map(str, m)) for m in maps) for name, maps in stages.items()
    )
    return show(figure, f"Feature maps as boxes, channels by height by width, all at one scale. {told}.")


def show_cost_bars(costs: dict[str, dict[str, float]], titles: dict[str, str], *, label: str = ""):
    """Draw bars of several costs, a panel for each cost and a bar for each net.

    Args:
        costs: the numbers by kind of cost, by name of the net.
        titles: title of the panel, with the unit, by kind of cost, in the order of the panels.
        label: what the names of the nets mean, written below each panel.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, len(titles), size=(12, 3))
    names = list(costs)
    for axis, (kind, title) in zip(np.atleast_1d(axes), titles.items(), strict=True):
        values = [costs[name][kind] for name in names]
        bars = axis.bar(range(len(names)), values, color=BLUE, alpha=0.7)
        axis.bar_label(bars, [f"{v:.3g}" for v in values], fontsize=9)
        # If the longest name would touch its neighbor, all names are rotated.
        crowded = {"rotation": 30, "ha": "right"} if len(names) * max(map(len, names)) > 50 else {}
        axis.set_xticks(range(len(names)), names, **crowded)
        axis.set_xlabel(label)
        axis.set_title(title)
        axis.margins(y=0.15)
    told = "; ".join(
        f"{title}: " + ", ".join(f"{name} {costs[name][kind]:.3g}" for name in names)
        for kind, title in titles.items()
    )
    return show(figure, f"Bars. {told}.")


def show_accuracy_latency(points: dict[str, tuple[float, list[float]]], *, chosen: str, side: int):
    """Accuracy over latency, a marker for each net at the mean of its scores.

    The names are in a legend beside the plot, because the labels of nets of equal speed would overlap.

    Args:
        points: (milliseconds, hmean of each seed) by name of the net.
        chosen: name of the net that PP-OCR uses; it is drawn in another color.
        side: height and width of the timed image in pixels.

    Returns: an IPython.display.Image.
    """
    figure, axis = new_figure(size=(9.5, 4))
    for (name, (milliseconds, scores)), marker in zip(points.items(), MARKERS * 4, strict=False):
        color, mean = RED if name == chosen else BLUE, float(np.mean(scores))
        label = f"{name}: {milliseconds:.1f} ms, {mean:.3f}"
        axis.plot([milliseconds] * len(scores), scores, "-", marker="_", color=color, alpha=0.6, zorder=2)
        axis.scatter(milliseconds, mean, s=80, marker=marker, color=color, zorder=3, label=label)
    axis.set_xlabel(f"milliseconds for {side} x {side} on this machine")
    axis.set_ylabel("recorded hmean")
    axis.margins(x=0.1, y=0.12)
    figure.legend(loc="outside right upper", fontsize=9, title="net: latency, mean hmean")
    told = ", ".join(f"{name} {ms:.0f} ms {np.mean(scores):.3f}" for name, (ms, scores) in points.items())
    return show(figure, f"hmean against latency: {told}. Bars connect the seeds of a net.")


def show_ablation(rows: list[dict], *, published: dict[str, float] | None = None):
    """Plot recorded scores, a point for each seed and one for their mean, with the published scores beside them.

    Both panels span the same range of hmean, so that equal distances mean equal differences.

    Args:
        rows: rows of the ablation's table, with `row`, `title`, `hmean`, `hmeans` and `hmean_fixed`.
        published: hmean of the paper by name of the row, or None for no second panel.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, 2 if published else 1, size=(11, 0.5 * len(rows) + 1.4))
    axes = np.atleast_1d(axes)
    places = np.arange(len(rows))[::-1]
    shown = [(place, published[row["row"]]) for place, row in zip(places, rows, strict=True) if row["row"] in (published or {})]  # fmt: skip
    # Where no unclip ratio was chosen, both scores are equal and one marker is enough.
    chosen = any(row["hmean"] != row["hmean_fixed"] for row in rows)
    for place, row in zip(places, rows, strict=True):
        first = place == places[0]
        seeds = "one seed each" if first else None
        axes[0].plot(row["hmeans"], [place] * len(row["hmeans"]), "o", color=BLUE, alpha=0.55, label=seeds)
        _point(axes[0], row["hmean"], place, "D", RED, "mean over seeds" if first else None, 7)
        if chosen:
            fixed = "mean at PaddleOCR's unclip ratio, 1.5" if first else None
            _point(axes[0], row["hmean_fixed"], place, "s", GREEN, fixed, -14)
    for place, score in shown:
        _point(axes[1], score, place, "D", RED, None, 7)
    axes[0].set_yticks(places, [row["title"] for row in rows])
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", fontsize=8, ncols=3)
    axes[0].set_title("recorded here")
    if published:
        axes[1].set_yticks(places, [""] * len(rows))
        axes[1].set_title("published")
    recorded = [value for row in rows for value in (*row["hmeans"], row["hmean_fixed"])]
    _same_span(axes, [recorded, [score for _, score in shown]])
    for axis in axes:
        axis.set_xlabel("hmean, one scale for both panels" if published else "hmean")
        axis.set_ylim(-0.6, len(rows) - 0.4)
    told = ", ".join(f"{row['title']} {row['hmean']:.3f} (at 1.5: {row['hmean_fixed']:.3f})" for row in rows)
    return show(figure, f"hmean of each row: {told}.")


_CELL = "<td style='text-align:right'>{}</td>"
_HEAD = "<th colspan={} style='text-align:center'>{}</th>"


def cumulative_table(
    recorded: dict,
    section: str,
    published: dict[str, tuple[float | None, float | None, float | None, float | None, float | None]],
):
    """The chapter's cumulative table: each row adds one strategy, with recorded and published numbers.

    The recorded precision, recall and hmean are means over the seeds, and the smallest and the largest hmean are given
    beside the mean. Size and latency were measured once for each architecture: rows that differ in training only share
    them, so a row without a measurement of its own gets that of the net with as many parameters.

    Args:
        recorded: result of the ablation, as `data/results/ablation_det.json` holds it.
        section: of the chapter, "2.1" or "3.1"; only rows of this section may be shown.
        published: precision, recall, hmean, size in MB and latency in ms of the paper by name of the row. None stands
            for a number that was not published. Rows that are not named here are left out.

    Returns: an IPython.display.HTML with a row for each name in `published`, in the order of the ablation.

    Raises:
        ValueError: a name in `published` is not a row of this section of the ablation.
    Source: chapter 2.1, Fig. 5 and chapter 3.1, Fig. 28 of the PP-OCR course.
    """
    from IPython.display import HTML  # part of the extra `lab`, which training and inference do not need

    rows = [row for row in recorded["table"] if _is_in(row["section"], section)]
    unknown = sorted(set(published) - {row["row"] for row in rows})
    if unknown:
        known = [row["row"] for row in rows]
        raise ValueError(
            f"published: no rows {unknown} in section {section} of the ablation; known are {known}"
        )
    names = ("P", "R", "hmean", "MB", "ms")
    ours = [name if name != "hmean" else "hmean (smallest to largest)" for name in names]
    lines = [
        f"<tr><th></th>{_HEAD.format(5, 'recorded here')}{_HEAD.format(5, 'published')}</tr>",
        "<tr><th style='text-align:left'>strategy</th>"
        + "".join(f"<th>{n}</th>" for n in (*ours, *names))
        + "</tr>",
    ]
    for row in rows:
        if row["row"] in published:
            cells = [*_recorded_cells(row, recorded), *_published_cells(published[row["row"]])]
            title = f"<td style='text-align:left'>{html.escape(row['title'])}</td>"
            lines.append(f"<tr>{title}{''.join(_CELL.format(cell) for cell in cells)}</tr>")
    return HTML(f"<table>{''.join(lines)}</table>")


def _is_in(section: str, whole: str) -> bool:
    return section == whole or section.startswith(f"{whole}.")


def _recorded_cells(row: dict, recorded: dict) -> list[str]:
    """Precision, recall, hmean with its range, size and latency of a row as text."""
    hmean = f"{row['hmean']:.3f}"
    if len(row["hmeans"]) > 1:
        hmean += f" ({min(row['hmeans']):.3f} to {max(row['hmeans']):.3f})"
    cost = _cost_of(row["row"], recorded)
    spent = [f"{cost['saved_mb']:.1f}", f"{cost['ms']:.0f}"] if cost else ["–", "–"]
    return [f"{row['precision']:.3f}", f"{row['recall']:.3f}", hmean, *spent]


def _published_cells(numbers) -> list[str]:
    """The published numbers as text; the last two are a size and a latency."""
    formats = ("{:.3f}", "{:.3f}", "{:.3f}", "{:.1f}", "{:.0f}")
    return ["–" if n is None else text.format(n) for n, text in zip(numbers, formats, strict=True)]


def _cost_of(name: str, recorded: dict) -> dict | None:
    """Measured cost of a row, or of the row whose net has the same number of parameters."""
    costs = recorded["costs"]
    if name in costs:
        return costs[name]
    sizes = {record["parameters"] for record in recorded["records"] if record["row"] == name}
    return next((cost for cost in costs.values() if {cost["parameters"]} == sizes), None)


def _same_span(axes, values: list[list[float]]) -> None:
    """Give every panel the same width on its horizontal axis, around its own values."""
    span = 1.25 * max(max(v) - min(v) for v in values if v) or 0.1
    for axis, own in zip(axes, values, strict=False):
        middle = (max(own) + min(own)) / 2 if own else 0.5
        axis.set_xlim(middle - span / 2, middle + span / 2)


def _point(axis, value, place, marker, color, label, above):
    axis.plot(value, place, marker, color=color, label=label)
    axis.annotate(
        f"{value:.3f}", (value, place), xytext=(0, above), textcoords="offset points", ha="center", fontsize=8
    )
