"""The log of a run: scalars.csv with one row per step, TensorBoard on request, and hints about what went wrong."""

import csv
import io
import math
import pathlib
import sys

GARBLED = "scalars.garbled.csv"
"""File beside scalars.csv to which unreadable rows are copied."""

NAMED = 20
"""Number of unreadable rows that are reported individually."""


def _number(text: str):
    try:
        return int(text)
    except ValueError:
        return float(text)


def _row(cells: list[str], names: list[str], after: int) -> dict[str, float]:
    """Parse a line.

    Raises:
        ValueError: the line is invalid; gives the reason.
    """
    if len(cells) != len(names):
        raise ValueError(f"{len(cells)} values under {len(names)} names")
    row = {n: _number(v) for n, v in zip(names, cells, strict=True) if v != ""}
    if type(row.get("step")) is not int or row["step"] <= after:
        raise ValueError(f"step is {row.get('step')!r}; a whole number above {after} is needed")
    return row


def read_scalars(path, *, keep: bool = True) -> list[dict[str, float]]:
    """Read the rows of a scalars.csv.

    A row that cannot be read, such as a truncated last one, is reported on stderr with its line number and the reason, and
    copied to the file GARBLED, because the next save overwrites it.

    Args:
        path: path of the file.
        keep: copy such rows; False for readers that do not continue the run, which may still be writing the last row.

    Returns: rows as dictionaries of numbers by name; an empty list if there is no such file.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="backslashreplace").splitlines()
    rows, garbled, names = [], [], None
    kept = f", and kept in {GARBLED}" if keep else ""
    for number, line in enumerate(lines, 1):
        try:
            cells = next(csv.reader([line], strict=True), [])
            if names is None:
                names = cells
                if "step" not in names or len(set(names)) < len(names):
                    raise ValueError("the header does not name a step")
                continue
            rows.append(_row(cells, names, rows[-1]["step"] if rows else -1))
        except (ValueError, csv.Error) as error:
            garbled.append(line)
            if len(garbled) <= NAMED:
                print(
                    f"{path}:{number}: left out{kept}: {error}: {line!r:.80}",
                    file=sys.stderr,
                )
    if len(garbled) > NAMED:
        print(f"{path}: and {len(garbled) - NAMED} more such rows", file=sys.stderr)
    if garbled and keep:
        _keep(path.with_name(GARBLED), garbled)
    return rows


def _keep(path: pathlib.Path, lines: list[str]) -> None:
    there = set(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else set()
    with path.open("a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines if line not in there)


def write_scalars(path, rows: list[dict[str, float]]) -> None:
    """Write scalars.csv: append the new rows, or rewrite the file if appending is not possible.

    Args:
        path: path of the file.
        rows: all rows of the run.
    """
    path = pathlib.Path(path)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    wanted = text.getvalue().encode()
    there = path.read_bytes() if path.is_file() else b""
    if there and wanted.startswith(there):
        with path.open("ab") as file:
            file.write(wanted[len(there) :])
        return
    # There is a new column, an unreadable row, or the run was killed after its last checkpoint.
    partial = path.with_name(".partial-" + path.name)
    partial.write_bytes(wanted)
    partial.replace(path)


class TensorBoard:
    """Callback of the trainer that writes its rows for TensorBoard.

    Args:
        folder: folder for the event files; created with the first row.

    Raises:
        ImportError: tensorboardX is not installed; says how to install it.
    """

    def __init__(self, folder):
        try:
            import tensorboardX  # noqa: F401
        except ImportError as error:
            raise ImportError("TensorBoard files need tensorboardX: pip install tensorboardX") from error
        self.folder, self.writer, self.written = folder, None, 0

    def after_update(self, trainer) -> None:
        """Write the rows that have been read from the device so far.

        Args:
            trainer: trainer that has just finished a step.
        """
        if self.writer is None:
            from tensorboardX import SummaryWriter

            self.writer = SummaryWriter(str(self.folder))
        for row in trainer.history[self.written :]:
            for name in row.keys() - {"step"}:
                self.writer.add_scalar(name, row[name], row["step"])
        self.written = len(trainer.history)

    def after_run(self, trainer) -> None:
        """Write the last rows and flush the file.

        Args:
            trainer: trainer that has finished its run.
        """
        self.after_update(trainer)
        if self.writer is not None:
            self.writer.flush()


def hints(history: list[dict[str, float]], score: str | None = None) -> list[str]:
    """Likely causes of a loss that is not finite or does not fall, or of a score that stays at 0.

    Args:
        history: rows of the trainer.
        score: name of the score that should rise, "hmean" or "acc".

    Returns: one message per problem; an empty list if there is none.
    """
    found = []
    losses = [row["loss"] for row in history]
    if losses and not math.isfinite(losses[-1]):
        found.append(
            f"the loss is {losses[-1]} at step {history[-1]['step']}: lower the learning rate, or use a longer "
            "warm-up or gradient clipping; use bf16 instead of fp16; check for labels longer than the time steps of the net"
        )
    losses = [loss for loss in losses if math.isfinite(loss)]
    part = len(losses) // 5
    if part >= 10 and sum(losses[-part:]) >= 0.98 * sum(losses[:part]):
        found.append(
            "the loss did not fall over the whole run: is the learning rate too low or too high, do the labels "
            "belong to the images, is a part of the net frozen that should learn?"
        )
    scores = [row[score] for row in history if score and score in row]
    if len(scores) >= 2 and max(scores) == 0:
        found.append(
            "hmean is still 0: are all texts marked ### or *, are they smaller than 8 px after cropping, or is "
            "the run too short for the probability map to exceed its threshold?"
            if score == "hmean"
            else "accuracy is still 0: CTC often predicts only blanks for about the first 1,000 steps; after that, check "
            "whether the dictionary contains the characters of the labels and whether texts are longer than a quarter of "
            "the image width, and start with short clean lines"
        )
    return found
