"""Figures of pre-training: the classes that are kept, and two trainings side by side."""

import numpy as np

from ..rec.alphabet import Alphabet
from .figure import BLUE, GREEN, RED, new_figure, show


def show_kept_classes(old: Alphabet, new: Alphabet):
    """Positions of the characters of a new alphabet in the last layer of a net with an old alphabet.

    Args:
        old: alphabet of the trained net.
        new: alphabet of the new net.
    """
    kept = np.zeros(old.classes, bool)
    kept[[0, *(old.index[c] for c in new.characters if c in old.index)]] = True
    figure, axis = new_figure(size=(12, 1.7))
    axis.imshow(np.where(kept, 1.0, 0.0)[None], aspect="auto", cmap="Blues", vmin=0, vmax=1.3)
    axis.vlines(np.flatnonzero(kept), -0.5, 0.5, color=BLUE, linewidth=0.8)
    axis.set(
        yticks=[], xlabel="class of the trained net", title=f"{kept.sum()} of {old.classes} classes are kept"
    )
    axis.grid(False)
    return show(
        figure,
        f"A strip of {old.classes} classes; the {kept.sum()} that are kept are marked and lie scattered.",
    )


def show_race(losses: dict[str, list[float]], accuracies: dict[str, list[float]]):
    """Loss at every step of several trainings, and their accuracy before and after.

    Args:
        losses: by name of the training.
        accuracies: (before, after) by name, each 0 to 1.
    """
    figure, (left, right) = new_figure(1, 2, size=(12, 3.4), width_ratios=(2, 1))
    for (name, values), color, style in zip(
        losses.items(), (RED, BLUE, GREEN), ("-", "--", ":"), strict=False
    ):
        left.plot(range(1, len(values) + 1), values, style, color=color, label=name)
    left.set(yscale="log", xlabel="step", ylabel="CTC loss", title="the same words, the same batches")
    left.legend()
    names = list(accuracies)
    for offset, (place, hatch) in enumerate((("before", "//"), ("after", ""))):
        heights = [accuracies[name][offset] for name in names]
        where = np.arange(len(names)) + 0.4 * offset - 0.2
        right.bar(
            where, heights, 0.38, color=(RED, BLUE)[offset], hatch=hatch, edgecolor="white", label=place
        )
        for x, height in zip(where, heights, strict=True):
            right.text(x, height + 0.02, f"{height:.2f}", ha="center", fontsize=9)
    right.set_xticks(np.arange(len(names)), names)
    right.set(ylim=(0, 1.12), ylabel="words read exactly", title="held-back words")
    right.legend(loc="upper left")
    words = "; ".join(f"{n}: {a[0]:.2f} before, {a[1]:.2f} after" for n, a in accuracies.items())
    return show(figure, f"Left: losses over the steps. Right: share of held-back words read exactly. {words}")


def show_labeled_lines(recorded: dict, starts: dict[str, str]):
    """Accuracy over the number of labeled lines, one curve for each start.

    Args:
        recorded: result of `ppocr-lessons bench ablation labels`.
        starts: first part of the names of the rows, and the label of their curve.

    Returns: a figure; bars span the seeds.
    """
    rows = {row["row"]: row for row in recorded["table"]}
    figure, axis = new_figure(size=(8, 3.6))
    told = []
    for (start, label), color, marker in zip(starts.items(), (RED, BLUE, GREEN), "o^s", strict=False):
        counts = [int(name.split("-")[1]) for name in rows if name.startswith(f"{start}-")]
        mine = [rows[f"{start}-{count}"] for count in counts]
        means = [row["acc"] for row in mine]
        ends = np.array(
            [
                (mean - min(row["accs"]), max(row["accs"]) - mean)
                for mean, row in zip(means, mine, strict=True)
            ]
        )
        axis.errorbar(counts, means, ends.T, color=color, marker=marker, capsize=3, label=label)
        told.append(
            f"{label}: "
            + ", ".join(f"{count} lines {mean:.2f}" for count, mean in zip(counts, means, strict=True))
        )
    axis.set(xscale="log", ylim=(-0.03, 1.03), xlabel="labeled lines", ylabel="words read exactly")
    axis.set_xticks(counts, [f"{count:,}" for count in counts])
    axis.minorticks_off()
    axis.legend()
    return show(figure, "Words read exactly over the number of labeled lines. " + "; ".join(told))


def show_real_pictures(rows: list[dict], systems: list[str]):
    """Scores of whole systems on real pictures, as recorded by `ppocr-lessons bench read`.

    Args:
        rows: of the record, one per system.
        systems: names of the rows to show, in this order.
    """
    by_name = {row["system"]: row for row in rows}
    chosen = [by_name[name] for name in systems]
    panels = (
        ("boxes: hmean at IoU 0.5", [row["hmean"] for row in chosen]),
        ("whole pages: F1 of the words", [row["word_f1"] for row in chosen]),
        ("crops read exactly", [row["exact_words"] / row["words"] for row in chosen]),
    )
    figure, axes = new_figure(1, 3, size=(12, 0.45 * len(chosen) + 1.3))
    for axis, (title, values) in zip(axes, panels, strict=True):
        axis.barh(systems, values, color=BLUE)
        for y, value in enumerate(values):
            axis.text(value + 0.01, y, f"{value:.3f}", va="center", fontsize=9)
        axis.set(xlim=(0, 1.2), title=title)
        axis.invert_yaxis()
    for axis in axes[1:]:
        axis.set_yticklabels([])
    words = "; ".join(
        f"{row['system']}: boxes {row['hmean']:.3f}, words {row['word_f1']:.3f}, "
        f"crops {row['exact_words']} of {row['words']}"
        for row in chosen
    )
    return show(figure, f"Scores on real pictures. {words}")
