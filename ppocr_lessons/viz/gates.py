"""Figures of SE gates: the block itself, how open its gates are, and how little they depend on the page."""

import numpy as np
from matplotlib.patches import FancyBboxPatch

from .figure import BLACK, BLUE, GREEN, ORANGE, RED, new_figure, show

SHUT, OPEN = 0.05, 0.95
"""A gate at or below SHUT counts as shut, one at or above OPEN as open."""


def show_se_block(channels: int, squeezed: int, height: int, width: int):
    """The SE block as a diagram: squeeze, two small layers, and a gate that multiplies each channel.

    Args:
        channels: of the feature map.
        squeezed: width between the two layers.
        height, width: of the feature map in pixels.

    Returns: an IPython.display.Image.
    Source: chapter 2.1.3, Fig. 7; Hu et al. 2018, arXiv 1709.01507.
    """
    figure, axis = new_figure(size=(11, 3.1))
    axis.set_axis_off()
    axis.set_xlim(0, 11)
    axis.set_ylim(0, 3.1)

    def box(x, y, wide, text, color):
        axis.add_patch(
            FancyBboxPatch((x, y), wide, 0.8, boxstyle="round,pad=0.05", fc=color, ec=BLACK, alpha=0.35)
        )
        axis.text(x + wide / 2, y + 0.4, text, ha="center", va="center", fontsize=9)

    def arrow(start, end):
        axis.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": BLACK})

    box(0.1, 0.3, 1.7, f"feature map x\n{channels} x {height} x {width}", BLUE)
    box(2.5, 1.8, 1.7, f"global mean\n{channels} x 1 x 1", ORANGE)
    box(4.8, 1.8, 1.7, f"1 x 1 conv, ReLU\n{squeezed} x 1 x 1", GREEN)
    box(7.1, 1.8, 2.1, f"1 x 1 conv, hard sigmoid\ngates g: {channels} x 1 x 1", GREEN)
    box(9.2, 0.3, 1.7, f"y = g x\n{channels} x {height} x {width}", BLUE)
    axis.plot([0.95, 0.95], [1.15, 2.2], color=BLACK, lw=1)
    for start, end in (((0.95, 2.2), (2.43, 2.2)), ((4.27, 2.2), (4.73, 2.2)), ((6.57, 2.2), (7.03, 2.2))):
        arrow(start, end)
    for start, end in (((1.87, 0.7), (7.97, 0.7)), ((8.15, 1.73), (8.15, 0.9)), ((8.33, 0.7), (9.13, 0.7))):
        arrow(start, end)
    axis.text(8.15, 0.7, "×", ha="center", va="center", fontsize=17)
    for x, text in ((3.35, "squeeze"), (6.95, "excitation")):
        axis.text(x, 2.85, text, ha="center", fontsize=10, weight="bold")
    axis.text(
        4.9,
        0.36,
        "every pixel of a channel is multiplied by the gate of the channel",
        ha="center",
        fontsize=9,
    )
    return show(
        figure,
        f"The SE block. The mean of each of {channels} channels over {height} x {width} pixels passes a layer of {squeezed} "
        "outputs with ReLU and a layer with hard sigmoid; the result multiplies the channels of the feature map.",
    )


def gate_shares(gates: np.ndarray) -> dict[str, float]:
    """Shares of the channels whose gates are open on all pages, shut on all pages, or neither.

    Args:
        gates: (pages, channels) in 0..1.

    Returns: shares "open", "shut" and "other"; they add up to 1.
    Source: chapter 2.1.3.
    """
    opened, shut = (gates >= OPEN).all(0).mean(), (gates <= SHUT).all(0).mean()
    return {"open": float(opened), "shut": float(shut), "other": float(1 - opened - shut)}


def show_gates(gates: dict[str, np.ndarray]):
    """Gates of each module, one panel per module: the mean over the pages, sorted, and the range over the pages.

    Args:
        gates: (pages, channels) in 0..1 by name.

    Returns: an IPython.display.Image.
    """
    columns = 4
    rows = -(-len(gates) // columns)
    figure, axes = new_figure(rows, columns, size=(12, 2.5 * rows))
    axes = np.atleast_1d(axes).ravel()
    for index, (axis, (name, values)) in enumerate(zip(axes, gates.items(), strict=False)):
        order = np.argsort(values.mean(0), kind="stable")
        places = np.arange(1, len(order) + 1)
        low, high = values.min(0)[order], values.max(0)[order]
        axis.fill_between(
            places, low, high, color=ORANGE, alpha=0.6, lw=0, step="mid", label="range over the pages"
        )
        axis.plot(places, values.mean(0)[order], color=BLUE, lw=1.8, label="mean over the pages")
        axis.set_title(f"{name.replace('backbone.', '')}: {len(order)} channels", fontsize=10)
        axis.set_ylim(-0.04, 1.04)
        if index % columns == 0:
            axis.set_ylabel("gate")
        if index + columns >= len(gates):
            axis.set_xlabel("channel, in order of its mean")
    for axis in axes[len(gates) :]:
        axis.axis("off")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", fontsize=9, ncols=2)
    told = "; ".join(
        f"{name} " + ", ".join(f"{kind} {share:.0%}" for kind, share in gate_shares(values).items())
        for name, values in gates.items()
    )
    return show(
        figure, f"Gates of every channel of each SE module, sorted by their mean over the pages: {told}."
    )


def show_spread(spreads: dict[str, tuple[float, float]]):
    """How much gates differ between channels, and how much one gate differs between pages.

    Args:
        spreads: (between channels, between pages) standard deviations by name of the module.

    Returns: an IPython.display.Image.
    """
    figure, axis = new_figure(size=(10, 3.3))
    places = np.arange(len(spreads))
    between, within = np.array(list(spreads.values())).T
    axis.bar(places - 0.2, between, 0.38, color=BLUE, label="between channels")
    axis.bar(places + 0.2, within, 0.38, color=RED, hatch="//", edgecolor="white", label="between pages")
    axis.set_xticks(places, [n.replace("backbone.", "").replace(".mid_se", "") for n in spreads])
    axis.set_xlabel("block of the backbone")
    axis.set_ylabel("standard deviation of gates")
    axis.legend()
    told = ", ".join(f"{name} {a:.3f} and {b:.3f}" for name, (a, b) in spreads.items())
    return show(figure, f"Standard deviations of gates between channels and between pages: {told}.")
