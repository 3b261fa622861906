"""Figures of chapter 2.2: augmented lines, mixed batches, and the recorded table beside the published one."""

import numpy as np
from IPython.display import Markdown

from ..augment.textbook_bda import TextbookBDA, TextbookDraw
from .figure import new_figure, show, show_picture

CHAPTER_BDA = {
    "rotation (degrees)": (-10, -4, 4, 10),
    "perspective (share of the height)": (0.05, 0.1, 0.2, 0.3),
    "motion blur (pixels)": (3, 5, 9, 13),
    "Gaussian noise (gray levels)": (5, 15, 30, 60),
}
"""The four operations of BDA that the text of the chapter names. It gives no strengths; the ranges are ours."""


def chapter_bda(image: np.ndarray, name: str, strength: float) -> np.ndarray:
    """Apply an operation that the chapter names for BDA.

    Args:
        image: (H, W, 3) uint8 RGB.
        name: key of CHAPTER_BDA.
        strength: in the unit that the key gives.

    Returns: (H, W, 3) uint8 RGB.
    """
    if name.startswith("rotation"):
        drawn = TextbookDraw(angle_deg=strength)
    elif name.startswith("perspective"):
        by = strength * image.shape[0]
        drawn = TextbookDraw(corners=np.array([[0, by], [0, 0], [0, 0], [0, -by]], np.float32))
    elif name.startswith("motion"):
        drawn = TextbookDraw(blur=(int(strength), 0.0))
    else:
        drawn = TextbookDraw(noise=(strength, 0))
    return TextbookBDA.apply(image, drawn)


def show_rows(rows: dict[str, dict[str, np.ndarray]]):
    """Draw pictures in rows.

    Args:
        rows: by the name of the row, pictures (H, W, 3) uint8 RGB by their titles; the same number in each row.

    Returns: an IPython.display.Image.
    """
    columns = max(map(len, rows.values()))
    figure, axes = new_figure(len(rows), columns, size=(12, 0.95 * len(rows) + 0.2))
    for line, (name, pictures) in zip(np.reshape(axes, (len(rows), columns)), rows.items(), strict=True):
        for axis, (title, picture) in zip(line, pictures.items(), strict=True):
            show_picture(axis, picture, f"{name} {title}".strip())
            axis.title.set_fontsize(8)
    return show(figure, "Text lines in rows: " + "; ".join(f"{n}: {', '.join(p)}" for n, p in rows.items()))


def show_mixed(images: np.ndarray, shares: np.ndarray, labels: list[str], title: str):
    """Draw a batch after Mixup or CutMix with the label of each image.

    Args:
        images: (N, 3, H, W) float32 BGR in -1..1.
        shares: (N, K) of the classes.
        labels: names of the K classes.
        title: of the figure.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, len(images), size=(12, 1.3))
    texts = [
        ", ".join(f"{name}: {part:.2f}" for name, part in zip(labels, row, strict=True)) for row in shares
    ]
    for axis, image, text in zip(axes, images, texts, strict=True):
        pixels = ((image[::-1].transpose(1, 2, 0) + 1) * 127.5).clip(0, 255).astype(np.uint8)
        show_picture(axis, pixels, text)
    figure.suptitle(title)
    return show(figure, f"{title}: {len(images)} lines with the labels {'; '.join(texts)}")


def accuracy_table(recorded: dict, names: list[str], published: dict[str, float]) -> Markdown:
    """The recorded accuracies of some rows beside the published ones.

    Args:
        recorded: result of `ppocr-lessons bench ablation cls`.
        names: of the rows.
        published: accuracy in the chapter by name of the row.

    Returns: a table; rows that were not recorded have a dash.
    """
    rows = {row["row"]: row for row in recorded["table"]}
    lines = [
        "| row | recorded accuracy | spread | with camera effects | seeds | chapter |",
        "|--|--|--|--|--|--|",
    ]
    for name in names:
        row = rows.get(name)
        ours = (
            f"{row['acc']:.3f} | {row['spread']:.3f} | {row['worn']:.3f} | {len(row['seeds'])}"
            if row
            else "– | – | – | 0"
        )
        lines.append(f"| {name} | {ours} | {published.get(name, '–')} |")
    return Markdown("\n".join(lines))
