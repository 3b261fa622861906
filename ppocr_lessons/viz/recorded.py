"""Recorded ablations of the recognizer as a table, with the chapter's numbers."""

from collections.abc import Sequence

from IPython.display import Markdown


def recognition_table(recorded: dict, names: Sequence[str] | None = None) -> Markdown:
    """Accuracy, character error rate and spread of the rows of an ablation.

    Args:
        recorded: result of `ppocr-lessons bench ablation rec` or `rec_v2`.
        names: of the rows to show; None for all.

    Returns: a Markdown table: mean accuracy over the seeds, largest minus smallest, mean CER, and the accuracy on
        photographed words; a dash where the chapter has no number.
    """
    lines = [
        "| row | chapter | accuracy | spread | CER | photographed words | seeds | accuracy in the chapter |",
        "|--|--|--|--|--|--|--|--|",
    ]
    for row in recorded["table"]:
        if names is None or row["row"] in names:
            published = "–" if row["published"] is None else f"{row['published']:.4f}"
            lines.append(
                f"| {row['title']} | {row['section']} | {row['acc']:.3f} | {row['spread']:.3f} | {row['cer']:.3f} "
                f"| {row['real_acc']:.3f} | {len(row['seeds'])} | {published} |"
            )
    return Markdown("\n".join(lines))
