"""Figures of CTC's lattice: its states and steps, forward and backward probabilities, and the gradient."""

from collections.abc import Sequence

import numpy as np

from ..rec import ctc_lattice
from ..rec.alphabet import BLANK, Alphabet
from .figure import BLACK, BLUE, new_figure, show


def _names(classes, alphabet: Alphabet) -> list[str]:
    return ["blank" if c == BLANK else alphabet.decode([c]).replace(" ", "␣") for c in classes]


def _steps_axis(axis, steps: int) -> None:
    axis.set_xticks(range(steps), range(1, steps + 1))
    axis.set_xlabel("time step")
    axis.grid(False)


def show_lattice(log_probs: np.ndarray, label: Sequence[int], alphabet: Alphabet):
    """Draw the lattice of a short text with the posterior probability of every state and of every move.

    A circle is as large as the posterior of its state, and a line as wide as that of its move.

    Args:
        log_probs: (T, K) logarithm of the probability of each class at each time step.
        label: classes of the text.
        alphabet: of the K classes.

    Returns: an IPython.display.Image.
    """
    states, allowed = ctc_lattice.lattice_states(label), ctc_lattice.skips(label)
    alpha, beta = ctc_lattice.forward(log_probs, label), ctc_lattice.backward(log_probs, label)
    total, emitted = ctc_lattice.log_likelihood(log_probs, label), log_probs[:, states]
    shares = ctc_lattice.posterior(log_probs, label)
    steps, count = shares.shape
    figure, axis = new_figure(size=(1.5 * steps + 1, 0.62 * count + 1.1))
    for t in range(steps - 1):
        for s in range(count):
            for target in (s, s + 1, s + 2)[: 2 + bool(s + 2 < count and allowed[min(s + 2, count - 1)])]:
                if target < count:
                    share = np.exp(alpha[t, s] + emitted[t + 1, target] + beta[t + 1, target] - total)
                    axis.plot((t, t + 1), (s, target), color="0.85", lw=0.8, zorder=1)
                    axis.plot((t, t + 1), (s, target), color=BLUE, lw=7 * share, zorder=2)
    for s in range(count):
        axis.scatter(range(steps), [s] * steps, s=700 * shares[:, s] + 12, color=BLUE, ec="white", zorder=3)
        for t in range(steps):
            if shares[t, s] > 0.005:
                axis.text(t, s - 0.36, f"{shares[t, s]:.2f}", ha="center", va="bottom", fontsize=8, zorder=4)
    axis.set_yticks(range(count), _names(states, alphabet))
    axis.set_ylim(count - 0.4, -0.7)
    _steps_axis(axis, steps)
    axis.set_title(f'"{alphabet.decode(label)}" in {steps} time steps: probability of each state and move')
    largest = ", ".join(f"step {t + 1} {n}" for t, n in enumerate(_names(states[shares.argmax(1)], alphabet)))
    return show(figure, f"Lattice of {count} states and {steps} time steps. Most probable states: {largest}.")


def show_forward_backward(log_probs: np.ndarray, label: Sequence[int], alphabet: Alphabet):
    """Forward probabilities, backward probabilities and their normalized product, as tables with colors.

    Args:
        log_probs: (T, K) logarithm of the probability of each class at each time step.
        label: classes of the text.
        alphabet: of the K classes.

    Returns: an IPython.display.Image.
    """
    tables = {
        "forward α": np.exp(ctc_lattice.forward(log_probs, label)),
        "backward β": np.exp(ctc_lattice.backward(log_probs, label)),
        "posterior α β / P": ctc_lattice.posterior(log_probs, label),
    }
    steps, names = len(log_probs), _names(ctc_lattice.lattice_states(label), alphabet)
    figure, axes = new_figure(1, 3, size=(13, 0.42 * len(names) + 1.2))
    for axis, (title, values) in zip(axes, tables.items(), strict=True):
        axis.imshow(values.T, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
        for (t, s), value in np.ndenumerate(values):
            shown = "0" if value == 0 else f"{value:.3f}".lstrip("0") if value < 1 else "1"
            axis.text(
                t, s, shown, ha="center", va="center", fontsize=8, color="white" if value > 0.7 else BLACK
            )
        axis.set_yticks(range(len(names)), names)
        axis.set_title(title)
        _steps_axis(axis, steps)
    return show(figure, f"Tables of {len(names)} states and {steps} time steps: " + ", ".join(tables))


def show_gradient(log_probs: np.ndarray, label: Sequence[int], alphabet: Alphabet, *, classes=None):
    """Probability, posterior and their difference, which is the gradient, for each class and time step.

    Args:
        log_probs: (T, K) logarithm of the probability of each class at each time step.
        label: classes of the text.
        alphabet: of the K classes.
        classes: the classes to show; None for all.

    Returns: an IPython.display.Image.
    """
    chosen = np.arange(log_probs.shape[1]) if classes is None else np.asarray(classes)
    slope = ctc_lattice.gradient(log_probs, label)
    tables = {
        "probability y": (np.exp(log_probs), "Blues", 0),
        "posterior γ": (ctc_lattice.class_posterior(log_probs, label), "Blues", 0),
        "gradient y − γ": (slope, "RdBu", -1),
    }
    names = _names(chosen, alphabet)
    figure, axes = new_figure(1, 3, size=(13, 0.42 * len(names) + 1.5))
    written = len(log_probs) <= 8
    for axis, (title, (values, colors, low)) in zip(axes, tables.items(), strict=True):
        picture = axis.imshow(values[:, chosen].T, cmap=colors, vmin=low, vmax=1, aspect="auto")
        for (t, k), value in np.ndenumerate(values[:, chosen] if written else np.zeros((0, 0))):
            axis.text(
                t, k, f"{round(value, 2) + 0.0:.2f}".replace("0.", "."), ha="center", va="center", fontsize=8,
                color="white" if abs(value) > 0.7 else BLACK,
            )  # fmt: skip
        axis.set_yticks(range(len(names)), names)
        axis.set_title(title)
        _steps_axis(axis, len(log_probs))
        if not written:
            axis.set_xticks(range(3, len(log_probs), 4), range(4, len(log_probs) + 1, 4))
        figure.colorbar(picture, ax=axis, shrink=0.9)
    low = np.unravel_index(slope[:, chosen].argmin(), slope[:, chosen].shape)
    return show(
        figure,
        f"Probability, posterior and gradient of {', '.join(names)} at {len(log_probs)} time steps. The gradient is most "
        f"negative, {slope[:, chosen].min():.2f}, for {names[low[1]]} at step {low[0] + 1}.",
    )
