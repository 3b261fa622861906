"""Figures of the feature space of a recognizer: look-alike characters in two dimensions (chapter 3.2.3)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.font_manager import FontProperties

from ..bench.look_alikes import Observed, spread
from ..datasets.synthetic.fonts import font_paths
from ..rec.alphabet import Alphabet
from ..rec.class_centers import class_name
from .figure import BLUE, GREEN, MARKERS, ORANGE, new_figure, show

DRAWN = 120
"""Maximum number of features that are drawn per class; the distances are computed from all features."""


def principal_plane(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The plane in which points vary most: their mean, and their first two principal directions.

    Args:
        points: (M, D) points, D at least 2.

    Returns: (D,) mean and (2, D) orthonormal directions.
    """
    mean = points.mean(0)
    # With fewer than two points the rest of the directions is arbitrary, but there are always D of them.
    return mean, np.linalg.svd(points - mean, full_matrices=True)[2][:2]


def show_feature_space(stages: Mapping[str, Observed], groups: Sequence[str], alphabet: Alphabet):
    """Features of look-alike characters: a row for each group of characters, a column for each network.

    The features of a group are projected to the plane in which they vary most, which is the same plane in all columns of the
    row. A cross marks the mean of a class.

    Args:
        stages: output of each network for the same lines, by title.
        groups: characters that look alike.
        alphabet: characters of the classes.

    Returns: an IPython.display.Image.
    """
    size = (2.7 * len(stages) + 0.8, 2.7 * len(groups) + 0.4)
    figure, axes = new_figure(len(groups), len(stages), size=size)
    told = []
    for row, group in zip(np.reshape(axes, (len(groups), len(stages))), groups, strict=True):
        classes = alphabet.encode(group)
        found = [observed.features(classes) for observed in stages.values()]
        points = [p for by_class in found for p in by_class.values()]
        if not points:
            told.append(f"{' '.join(group)}: in no correctly read line")
            row[0].set_title(told[-1])
            continue
        mean, plane = principal_plane(np.concatenate(points))
        flat = [{k: (p - mean) @ plane.T for k, p in by_class.items()} for by_class in found]
        reach = 1.05 * max(np.abs(p).max() for by_class in flat for p in by_class.values())
        for axis, title, by_class, whole in zip(row, stages, flat, found, strict=True):
            _draw_classes(axis, by_class, classes, alphabet)
            axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
            axis.set_title(title)
            if len(whole) > 1:
                distances = spread(whole)
                axis.set_xlabel(f"within {distances.within:.1f}, between {distances.between:.1f}")
                told.append(
                    f"{' '.join(group)}, {title}: within {distances.within:.1f}, between {distances.between:.1f}"
                )
        row[-1].legend(prop=_label_font(group), loc="center left", bbox_to_anchor=(1.0, 0.5))
    return show(figure, "Features in two dimensions. " + "; ".join(told) + ".")


def _label_font(characters: str) -> FontProperties:
    """A font that has the characters and draws 1, l and I as well as 0 and O differently."""
    if characters.isascii() or not _has_chinese_font():
        return FontProperties(family="DejaVu Sans Mono", size=11)
    return FontProperties(fname=font_paths("zh")[0][0], size=11)


def _has_chinese_font() -> bool:
    try:
        return bool(font_paths("zh"))
    except LookupError:
        return False


def _label(name: str) -> str:
    """Name of a class for a legend; its code point if no installed font has the character."""
    return name if name.isascii() or _has_chinese_font() else f"U+{ord(name):04X}"


def _draw_classes(axis, by_class, classes, alphabet: Alphabet) -> None:
    for k, color, marker in zip(classes, (BLUE, ORANGE, GREEN), MARKERS, strict=False):
        if k not in by_class:
            continue
        points = by_class[k][:: -(-len(by_class[k]) // DRAWN)]
        axis.scatter(
            *points.T,
            s=16,
            color=color,
            marker=marker,
            alpha=0.55,
            lw=0,
            label=_label(class_name(k, alphabet)),
        )
        axis.scatter(*by_class[k].mean(0), s=90, color=color, marker="X", edgecolor="black")


def show_terms(histories: Mapping[str, Sequence[Mapping[str, float]]]):
    """The terms of the loss in several short trainings, with a separate panel for each training.

    Args:
        histories: parts of the loss at each step, by title; see `bench.look_alikes.train_head`.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, len(histories), size=(3.4 * len(histories) + 0.6, 2.9))
    told = []
    top = 1.1 * max(value for history in histories.values() for parts in history for value in parts.values())
    for axis, (title, history) in zip(np.atleast_1d(axes), histories.items(), strict=True):
        for name, color, line in zip(history[0], (BLUE, ORANGE), ("-", "--"), strict=False):
            values = [parts[name] for parts in history]
            label = "center loss, weighted" if name == "center" else "CTC loss"
            axis.plot(range(1, len(values) + 1), values, line, color=color, label=label)
            told.append(f"{title}: {label} from {values[0]:.2f} to {values[-1]:.2f}")
        axis.set(title=title, xlabel="step", ylim=(0.05, top), yscale="log")
        axis.legend(fontsize=8)
    return show(figure, "Terms of the loss. " + "; ".join(told) + ".")
