"""Figures of pruning: why the median, which filters are removed, and how many channels each group can lose."""

import ipywidgets
import numpy as np

from ..prune.channels import channel_groups
from ..prune.fpgm import filter_distances, filter_norms, to_remove
from ..training.tensor_files import count_parameters
from .figure import BLACK, BLUE, MARKERS, RED, new_figure, png, show


def show_median(seed: int = 0, *, count: int = 40, ratio: float = 0.25):
    """Filters with two weights as points: which of them pruning by norm removes, and which FPGM removes.

    Args:
        seed: of the points.
        count: number of filters.
        ratio: share to remove.

    Returns: an IPython.display.Image.
    Source: chapter 2.1.5, Fig. 9; He et al. 2018, arXiv 1811.00250.
    """
    rng = np.random.default_rng(seed)
    filters = np.concatenate([rng.normal((2.0, 1.2), 0.5, (count - 8, 2)), rng.normal(0, 0.35, (8, 2))])
    figure, axes = new_figure(1, 2, size=(10, 4))
    for axis, (name, scores) in zip(
        axes, (("by norm: the small filters", filter_norms(filters)), ("FPGM: the replaceable filters", filter_distances(filters))), strict=True
    ):  # fmt: skip
        gone = to_remove(scores, ratio)
        stay = np.setdiff1d(np.arange(len(filters)), gone)
        axis.scatter(*filters[stay].T, color=BLUE, marker="o", label="kept")
        axis.scatter(*filters[gone].T, color=RED, marker="X", s=70, label="removed")
        axis.axhline(0, color="0.6", lw=0.8)
        axis.axvline(0, color="0.6", lw=0.8)
        axis.set_title(name)
        axis.set_xlabel("first weight")
        axis.legend()
    axes[0].set_ylabel("second weight")
    return show(
        figure,
        "Filters as points in a plane. Pruning by norm removes those near the origin, FPGM those in the middle of the cluster.",
    )


def show_scores(weights: np.ndarray, name: str, *, ratio: float = 0.3):
    """Norm and distance of every filter of a layer, and which filters each criterion removes.

    Args:
        weights: (filters, ...).
        name: of the layer.
        ratio: share to remove.

    Returns: an IPython.display.Image.
    Source: chapter 2.1.5.
    """
    norms, distances = filter_norms(weights), filter_distances(weights)
    by_norm, by_median = (set(to_remove(s, ratio).tolist()) for s in (norms, distances))
    kinds = {
        "kept": [i for i in range(len(norms)) if i not in by_norm | by_median],
        "removed by norm only": sorted(by_norm - by_median),
        "removed by FPGM only": sorted(by_median - by_norm),
        "removed by both": sorted(by_norm & by_median),
    }
    figure, axis = new_figure(size=(8, 3.6))
    for (label, indices), marker in zip(kinds.items(), MARKERS, strict=False):
        axis.scatter(norms[indices], distances[indices], marker=marker, label=f"{label}: {len(indices)}")
    axis.set_xlabel("norm of the filter")
    axis.set_ylabel("sum of distances to the others")
    axis.set_title(name)
    axis.legend()
    counts = ", ".join(f"{label} {len(indices)}" for label, indices in kinds.items())
    return show(figure, f"Norm against distance of the filters of {name}: {counts}.")


def show_sensitivity(losses: dict[str, dict[float, float]], allowed: float, *, named: int = 4):
    """Relative loss of hmean against the share of channels removed, one line per group.

    The most sensitive groups are drawn in color and named; the others are thin gray lines.

    Args:
        losses: of `sensitivity`.
        allowed: loss that every group may cost, drawn as a horizontal line.
        named: number of groups to name.

    Returns: an IPython.display.Image.
    Source: chapter 2.1.5.
    """
    figure, axis = new_figure(size=(10, 4))
    worst = sorted(losses, key=lambda name: -max(losses[name].values()))
    for name in worst[named:]:
        axis.plot(list(losses[name]), list(losses[name].values()), color="0.6", lw=0.8)
    for name, marker in zip(worst[:named], MARKERS * 9, strict=False):
        axis.plot(list(losses[name]), list(losses[name].values()), marker=marker, label=_short(name))
    if len(worst) > named:
        axis.plot([], [], color="0.6", lw=0.8, label=f"the other {len(worst) - named} groups")
    axis.axhline(allowed, color=BLACK, linestyle="--", lw=1.2, label=f"allowed loss per group: {allowed:.3g}")
    axis.set_xlabel("share of the group's channels that is removed")
    axis.set_ylabel("relative loss of hmean")
    figure.legend(loc="outside right upper", fontsize=9)
    told = ", ".join(f"{name} {max(losses[name].values()):.2f}" for name in worst[:named])
    return show(
        figure,
        f"Relative loss of hmean of {len(losses)} groups; allowed is {allowed:.3g}. Largest losses: {told}.",
    )


def show_ratios(ratios: dict[str, dict[str, float]]):
    """Share of channels removed from each group, for one or several choices of ratios, one panel per choice.

    Args:
        ratios: removed share by group, by name of the choice. A group that is missing loses nothing.

    Returns: an IPython.display.Image.
    Source: chapter 2.1.5.
    """
    names = list(dict.fromkeys(name for chosen in ratios.values() for name in chosen))
    figure, axes = new_figure(len(ratios), 1, size=(10, 1.6 * len(ratios) + 1.2))
    axes = np.atleast_1d(axes)
    for axis, (title, chosen) in zip(axes, ratios.items(), strict=True):
        axis.bar(np.arange(len(names)), [chosen.get(name, 0) for name in names], color=BLUE)
        axis.set_title(title)
        axis.set_ylim(0, 1)
        axis.set_ylabel("share removed")
        axis.set_xticks(range(len(names)), [])
    axes[-1].set_xticks(range(len(names)), [_short(name) for name in names], rotation=75, fontsize=8)
    told = "; ".join(
        f"{title}: from {min(chosen.get(n, 0) for n in names):.2f} to {max(chosen.values()):.2f}"
        for title, chosen in ratios.items()
    )
    return show(figure, f"Share of channels removed from {len(names)} groups. {told}.")


def show_widths(before: dict[str, int], after: dict[str, int]):
    """Channels of each group before and after.

    Args:
        before, after: width by name of the group.

    Returns: an IPython.display.Image.
    """
    return show(_widths(before, after), f"Channels of {len(before)} groups before and after pruning.")


def _short(name: str) -> str:
    short = name.replace("backbone.", "").replace("_conv", "")
    return short if "." in short else name


def _widths(before, after):
    figure, axis = new_figure(size=(10, 3.8))
    places = np.arange(len(before))
    axis.bar(places, list(before.values()), color="0.85", label="before")
    axis.bar(
        places, [after[name] for name in before], color=BLUE, hatch="//", edgecolor="white", label="after"
    )
    axis.set_xticks(places, [_short(name) for name in before], rotation=75, fontsize=8)
    axis.set_ylabel("channels")
    axis.legend()
    return figure


def ratio_slider(build, group: str) -> ipywidgets.VBox:
    """A slider for the ratio of one group; the figure shows all widths, the text the number of remaining parameters.

    Args:
        build: returns the net to prune; called at every move of the slider.
        group: name of the group of channels.

    Returns: a widget.
    """
    from ..prune.fpgm import prune

    slider = ipywidgets.FloatSlider(value=0.3, min=0, max=0.9, step=0.1, description="ratio")
    picture, text = ipywidgets.Image(format="png"), ipywidgets.HTML()

    def redraw(change=None):
        net = build()
        before, whole = {n: g.width for n, g in channel_groups(net).items()}, count_parameters(net)
        prune(net, {group: slider.value})
        picture.value = png(_widths(before, {n: g.width for n, g in channel_groups(net).items()}))
        text.value = f"{group}: {count_parameters(net):,} of {whole:,} parameters are left"

    slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([slider, text, picture])
