"""Pictures of pruning: why the median, which filters go, what a net can spare."""

import ipywidgets
import numpy as np

from ..prune.channels import channel_groups
from ..prune.fpgm import filter_distances, filter_norms, to_remove
from ..training.tensor_files import count_parameters
from .figure import BLUE, MARKERS, RED, new_figure, png, show


def show_median(seed: int = 0, *, count: int = 40, ratio: float = 0.25):
    """Filters with two weights as points: what the norm would remove, and what the median.

    Args:
        seed: of the points.
        count: of them.
        ratio: share to remove.
    """
    rng = np.random.default_rng(seed)
    filters = np.concatenate([rng.normal((2.0, 1.2), 0.5, (count - 8, 2)), rng.normal(0, 0.35, (8, 2))])
    figure, axes = new_figure(1, 2, size=(10, 4))
    for axis, (name, scores) in zip(
        axes, (("by norm: the short ones", filter_norms(filters)), ("FPGM: the replaceable ones", filter_distances(filters))), strict=True
    ):  # fmt: skip
        gone = to_remove(scores, ratio)
        stay = np.setdiff1d(np.arange(len(filters)), gone)
        axis.scatter(*filters[stay].T, color=BLUE, marker="o", label="stays")
        axis.scatter(*filters[gone].T, color=RED, marker="X", s=70, label="goes")
        axis.axhline(0, color="0.6", lw=0.8)
        axis.axvline(0, color="0.6", lw=0.8)
        axis.set_title(name)
        axis.set_xlabel("first weight")
        axis.legend()
    axes[0].set_ylabel("second weight")
    return show(
        figure,
        "Points in a plane. The norm removes those near the origin, FPGM those in the thick of the others.",
    )


def show_scores(weights: np.ndarray, name: str, *, ratio: float = 0.3):
    """Norm and distance of every filter of a layer, and which of them each criterion removes.

    Args:
        weights: (filters, ...).
        name: of the layer.
        ratio: share to remove.
    """
    norms, distances = filter_norms(weights), filter_distances(weights)
    by_norm, by_median = (set(to_remove(s, ratio).tolist()) for s in (norms, distances))
    kinds = {
        "stays": [i for i in range(len(norms)) if i not in by_norm | by_median],
        "goes by norm alone": sorted(by_norm - by_median),
        "goes by FPGM alone": sorted(by_median - by_norm),
        "goes by both": sorted(by_norm & by_median),
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


def show_sensitivity(losses: dict[str, dict[float, float]], budget: float):
    """Loss of the score over the ratio removed, a line a group.

    Args:
        losses: of `sensitivity`.
        budget: drawn as a line.
    """
    figure, axis = new_figure(size=(10, 3.8))
    for (name, by_ratio), marker in zip(losses.items(), MARKERS * 9, strict=False):
        axis.plot(list(by_ratio), list(by_ratio.values()), marker=marker, label=name)
    axis.axhline(budget, color=RED, linestyle="--")
    axis.text(min(map(min, losses.values())), budget, f" budget {budget:g}", color=RED, va="bottom")
    axis.set_xlabel("share of the group's channels that is removed")
    axis.set_ylabel("loss of hmean, relative")
    axis.legend(fontsize=8)
    return show(figure, "Relative loss of hmean against the share removed, for " + ", ".join(losses))


def show_widths(before: dict[str, int], after: dict[str, int]):
    """Channels of each group before and after.

    Args:
        before, after: width by name of the group.
    """
    return show(_widths(before, after), f"Channels of {len(before)} groups before and after pruning.")


def _widths(before, after):
    figure, axis = new_figure(size=(10, 3.6))
    places = np.arange(len(before))
    axis.bar(places, list(before.values()), color="0.85", label="before")
    axis.bar(
        places, [after[name] for name in before], color=BLUE, hatch="//", edgecolor="white", label="after"
    )
    axis.set_xticks(
        places, [n.replace("backbone.", "").replace("_conv", "") for n in before], rotation=75, fontsize=7
    )
    axis.set_ylabel("channels")
    axis.legend()
    return figure


def ratio_slider(build, group: str) -> ipywidgets.VBox:
    """Thin one group out: the slider is its ratio, the picture shows all widths and the parameters that are left.

    Args:
        build: makes the net that is pruned; called at every move.
        group: of channels.
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
