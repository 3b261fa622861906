"""Figures and sliders of quantization: clipped histograms, the gradient of PACT, accuracy over the number of bits."""

import ipywidgets
import numpy as np

from ..quant.calibrate import squared_error
from ..quant.pact import MAX_BITS, MIN_BITS, levels
from .figure import BLACK, BLUE, MARKERS, RED, new_figure, png, show

METHODS = {"min-max": "offline, min-max", "mse": "offline, MSE", "kl": "offline, KL", "pact": "PACT, trained"}


def _rounded(values, alpha: float, bits: int) -> np.ndarray:
    scale = alpha / levels(bits)
    return np.round(np.clip(values, -alpha, alpha) / scale) * scale


def _clipping(values, choices):
    values = np.asarray(values).ravel()
    figure, axes = new_figure(len(choices), 1, size=(9, 2.1 * len(choices)))
    edges = np.linspace(values.min(), values.max(), 200)
    for axis, (alpha, bits) in zip(np.atleast_1d(axes), choices, strict=True):
        axis.hist(values, edges, color="0.7", label="before")
        axis.hist(
            _rounded(values, alpha, bits), edges, histtype="step", color=RED, label="clipped and rounded"
        )
        for side in (-alpha, alpha):
            axis.axvline(side, color=BLACK, ls="--", lw=1)
        axis.set_xlim(1.05 * min(values.min(), 0), 1.05 * values.max())
        axis.set_yscale("log")
        axis.set_ylabel("values")
        axis.set_title(_caption(values, alpha, bits))
    np.atleast_1d(axes)[-1].set_xlabel("activation")
    handles = np.atleast_1d(axes)[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _caption(values, alpha: float, bits: int) -> str:
    clipped = (np.abs(values) > alpha).mean()
    error = squared_error(values, alpha, bits)
    return f"{bits} bits, alpha {alpha:.3g}: {clipped:.2%} clipped, squared error {error:.2g}"


def show_clipping(values, choices):
    """Histogram of activations before and after clipping and rounding, one panel for each choice.

    Args:
        values: activations of any shape.
        choices: pairs of clipping bound and bits.

    Returns: an IPython.display.Image.
    Source: chapter 2.2.4.
    """
    told = "; ".join(_caption(np.asarray(values).ravel(), alpha, bits) for alpha, bits in choices)
    return show(_clipping(values, choices), f"Histograms of activations before and after. {told}.")


def clipping_sliders(values, alpha: float, bits: int = 4) -> ipywidgets.VBox:
    """Sliders for the clipping bound and the bits; the figure shows the histogram before and after.

    Args:
        values: activations of any shape.
        alpha: first bound.
        bits: first number of bits.

    Returns: a widget.
    """
    values = np.asarray(values).ravel()
    largest = float(np.abs(values).max())
    sliders = (
        ipywidgets.FloatSlider(
            value=alpha, min=largest / 50, max=largest, step=largest / 50, description="alpha"
        ),
        ipywidgets.IntSlider(value=bits, min=MIN_BITS, max=MAX_BITS, description="bits"),
    )
    picture = ipywidgets.Image(format="png", layout={"width": "max-content", "max_width": "100%"})

    def redraw(change=None):
        picture.value = png(_clipping(values, [(sliders[0].value, sliders[1].value)]))

    for slider in sliders:
        slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*sliders, picture])


def show_pact(alpha: float = 1.0):
    """The two forms of PACT, and their gradients for the activation and for alpha.

    Args:
        alpha: clipping bound.

    Returns: an IPython.display.Image.
    Source: chapter 2.2.4; Choi et al. 2018, arXiv 1805.06085.
    """
    x = np.linspace(-2.5 * alpha, 2.5 * alpha, 501)
    figure, axes = new_figure(1, 2, size=(10, 3.2))
    forms = {
        "for ReLU": (np.clip(x, 0, alpha), (x > 0) & (x < alpha), x > alpha),
        "for activations of both signs": (
            np.clip(x, -alpha, alpha),
            np.abs(x) < alpha,
            np.sign(x) * (np.abs(x) > alpha),
        ),
    }
    for axis, (title, (y, inside, outside)) in zip(axes, forms.items(), strict=True):
        axis.plot(x, y, color=BLACK, label="y")
        axis.plot(x, inside, color=BLUE, ls="--", label="dy/dx")
        axis.plot(x, outside, color=RED, ls=":", lw=2, label="dy/d alpha")
        axis.set_title(title)
        axis.set_xlabel("x")
        axis.legend(fontsize=9)
    return show(
        figure,
        f"PACT with alpha = {alpha:g} in both forms. The gradient for x is 1 inside the range, the gradient for alpha is "
        "not 0 only outside of it.",
    )


def show_bits(table: list[dict]):
    """Accuracy of each method over the number of bits, with the range over the seeds.

    Args:
        table: rows of bench/quantization.py.

    Returns: an IPython.display.Image.
    """
    figure, axis = new_figure(size=(8, 3.8))
    told = []
    for (method, title), marker in zip(METHODS.items(), MARKERS, strict=False):
        rows = sorted((row for row in table if row["method"] == method), key=lambda row: row["bits"])
        bits, means = [row["bits"] for row in rows], np.array([row["acc"] for row in rows])
        spread = [means - [min(r["accs"]) for r in rows], [max(r["accs"]) for r in rows] - means]
        axis.errorbar(bits, means, yerr=spread, marker=marker, capsize=3, label=title)
        told.append(f"{title}: " + ", ".join(f"{b} bits {m:.3f}" for b, m in zip(bits, means, strict=True)))
    for row in (row for row in table if row["method"] == "float"):
        axis.axhline(row["acc"], color=BLACK, ls="--", lw=1, label="float")
        told.append(f"float {row['acc']:.3f}")
    axis.set_xticks(sorted({row["bits"] for row in table if row["method"] != "float"}))
    axis.set_xlabel("bits")
    axis.set_ylabel("accuracy")
    axis.legend(fontsize=9)
    return show(figure, f"Accuracy of the classifier over the number of bits. {'; '.join(told)}.")
