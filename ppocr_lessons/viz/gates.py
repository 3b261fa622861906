"""Pictures of SE gates: how open they are, and how little they depend on the page."""

import numpy as np

from .figure import BLUE, RED, new_figure, show


def show_gates(gates: dict[str, np.ndarray]):
    """Gates of one page, sorted, a panel a module.

    Args:
        gates: (channels,) in 0..1 by name.
    """
    columns = 4
    rows = -(-len(gates) // columns)
    figure, axes = new_figure(rows, columns, size=(12, 2.1 * rows))
    axes = np.atleast_1d(axes).ravel()
    for axis, (name, values) in zip(axes, gates.items(), strict=False):
        axis.fill_between(np.arange(len(values)), np.sort(values), color=BLUE, alpha=0.6, step="mid")
        axis.set_title(f"{name.replace('backbone.', '')}", fontsize=8)
        axis.set_ylim(0, 1.05)
    for axis in axes[len(gates) :]:
        axis.axis("off")
    means = ", ".join(f"{name} {values.mean():.2f}" for name, values in gates.items())
    return show(figure, f"Gates of every channel of each SE module, sorted; means: {means}.")


def show_spread(spreads: dict[str, tuple[float, float]]):
    """How much gates differ between channels, and how much one gate differs between pages.

    Args:
        spreads: (between channels, between pages) standard deviations by name of the module.
    """
    figure, axis = new_figure(size=(10, 3.3))
    places = np.arange(len(spreads))
    between, within = np.array(list(spreads.values())).T
    axis.bar(places - 0.2, between, 0.38, color=BLUE, label="between channels")
    axis.bar(places + 0.2, within, 0.38, color=RED, hatch="//", edgecolor="white", label="between pages")
    axis.set_xticks(places, [n.replace("backbone.", "").replace(".mid_se", "") for n in spreads])
    axis.set_ylabel("standard deviation of gates")
    axis.legend()
    told = ", ".join(f"{name} {a:.3f} and {b:.3f}" for name, (a, b) in spreads.items())
    return show(figure, f"Standard deviations of gates between channels and between pages: {told}.")
