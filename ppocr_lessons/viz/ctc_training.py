"""Figures of CTC in training: the plateau of blanks, the weight of focal CTC, and the counts of ACE."""

from collections.abc import Sequence

import numpy as np

from .figure import BLUE, GREEN, MARKERS, ORANGE, RED, new_figure, show

LINES = ("-", "--", "-.", ":")


def show_plateau(record: dict):
    """Loss of a recorded run, and the output of the network at the recorded steps.

    Args:
        record: of `bench.ctc_plateau`.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, 2, size=(12, 3.6))
    steps, losses = zip(*record["loss"], strict=True)
    axes[0].plot(steps, losses, color=BLUE)
    axes[0].set_yscale("log")
    axes[0].set_title("CTC loss of the training batches")
    asked = {int(step): answer for step, answer in record["asked"].items()}
    named = {
        "cer": "character error rate",
        "blank": "mean probability of the blank",
        "best_character": "mean probability of the best character",
    }
    for (key, name), color, line, marker in zip(
        named.items(), (RED, "0.4", BLUE), LINES, MARKERS, strict=False
    ):
        values = [answer[key] for answer in asked.values()]
        axes[1].plot(list(asked), values, line, color=color, marker=marker, label=name)
    axes[1].set_title("lines that were not trained on")
    axes[1].set_ylim(0, 1.03)
    axes[1].legend(fontsize=9, loc="center right")
    for axis in axes:
        axis.set_xlabel("steps done")
    rates = ", ".join(f"{answer['cer']:.2f} at step {step}" for step, answer in asked.items())
    return show(figure, f"Loss from {losses[0]:.1f} to {losses[-1]:.2f}. Character error rate {rates}.")


def show_answers(record: dict, steps: Sequence[int], *, line: int = 0):
    """Output of a network for one line during training: blank and best character at each time step.

    Args:
        record: of `bench.ctc_plateau`.
        steps: recorded steps to show.
        line: number of the recorded line.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(len(steps), 1, size=(10, 1.65 * len(steps) + 0.7))
    told = []
    for axis, step in zip(np.atleast_1d(axes), steps, strict=True):
        answer = record["asked"][str(step)]["lines"][line]
        blank, best = np.array(answer["blank"]), np.array(answer["probability"])
        places = np.arange(len(blank))
        axis.bar(places - 0.2, blank, width=0.4, color="#bdbdbd", label="blank")
        axis.bar(places + 0.2, best, width=0.4, color=BLUE, label="best character")
        for place, character in enumerate(answer["character"]):
            if best[place] > 0.25:
                axis.text(place + 0.2, best[place] + 0.03, character, ha="center", fontsize=9)
        axis.set_ylim(0, 1.22)
        axis.set_yticks((0, 0.5, 1))
        axis.set_ylabel("probability")
        axis.set_title(f'step {step}: reads "{answer["reading"]}"', loc="left", fontsize=10)
        told.append(f"at step {step} it reads {answer['reading']!r}")
    np.atleast_1d(axes)[-1].set_xlabel(f'time step of the line "{answer["text"]}"')
    figure.legend(
        *np.atleast_1d(axes)[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=9
    )
    return show(figure, f"Probabilities at each time step of {answer['text']!r}: " + "; ".join(told))


def show_focal(losses: np.ndarray, gammas: Sequence[float] = (0, 1, 2, 4)):
    """Weight of focal CTC against the probability of the text, and the weighted loss, with the lines of a batch.

    Args:
        losses: (N,) CTC losses of real lines, which are plotted for the third value of gamma.
        gammas: three or four values of gamma.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, 2, size=(11, 3.8))
    y = np.linspace(0.001, 0.999, 400)
    for gamma, color, line in zip(gammas, ("0.4", ORANGE, BLUE, GREEN), LINES, strict=False):
        axes[0].plot(y, (1 - y) ** gamma, line, color=color, label=f"γ = {gamma:g}")
        axes[1].plot(-np.log(y), -np.log(y) * (1 - y) ** gamma, line, color=color)
    chance = np.exp(-losses)
    axes[0].plot(
        chance, (1 - chance) ** gammas[2], "o", color=BLUE, ms=5, alpha=0.6, label="lines of data/rec_en"
    )
    axes[1].plot(losses, losses * (1 - chance) ** gammas[2], "o", color=BLUE, ms=5, alpha=0.6)
    axes[0].set_xlabel("probability y of the text")
    axes[0].set_title("weight of the line")
    axes[1].set_xlabel("CTC loss of the line")
    axes[1].set_title("weighted loss")
    axes[1].set_xlim(0, 5)
    axes[1].set_ylim(0, 5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9)
    certain = int((chance > 0.9).sum())
    return show(
        figure,
        f"Weights (1 - y)^gamma for gamma {', '.join(f'{g:g}' for g in gammas)}; {certain} of {len(losses)} lines have a "
        "probability above 0.9 and hardly any weight at gamma 2.",
    )


def show_counts(names: Sequence[str], wanted: np.ndarray, found: dict[str, np.ndarray]):
    """Number of time steps of each class: expected from the text, and predicted by a network.

    Args:
        names: of the classes that are shown.
        wanted: counts of the text, one for each name.
        found: summed probabilities by name of the network, one for each name.

    Returns: an IPython.display.Image.
    """
    figure, axis = new_figure(size=(10, 3.4))
    width = 0.8 / (1 + len(found))
    bars = {"the text asks for": wanted, **found}
    for number, ((title, values), color, hatch) in enumerate(
        zip(bars.items(), ("0.55", BLUE, ORANGE), ("", "//", ".."), strict=False)
    ):
        places = np.arange(len(names)) + (number - len(found) / 2) * width
        axis.bar(places, values, width=width, color=color, hatch=hatch, ec="white", lw=0, label=title)
    axis.set_xticks(range(len(names)), names)
    axis.set_yscale("symlog", linthresh=2)
    ticks = [tick for tick in (0, 1, 2, 5, 10, 20, 50) if tick <= 1.2 * max(map(max, bars.values()))]
    axis.set_yticks(ticks, [str(tick) for tick in ticks])
    axis.set_ylabel("time steps (logarithmic above 2)")
    axis.legend(fontsize=9)
    told = "; ".join(f"{title}: " + " ".join(f"{v:.1f}" for v in values) for title, values in bars.items())
    return show(figure, f"Time steps of {' '.join(names)}: {told}")
