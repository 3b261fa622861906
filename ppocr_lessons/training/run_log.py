"""The log of a run: scalars.csv with one row per step, TensorBoard on request, and hints about what went wrong."""

import csv
import io
import math
import pathlib
import sys

GARBLED = "scalars.garbled.csv"
"""Where rows that cannot be read are kept, beside scalars.csv."""

NAMED = 20
"""So many of them are named one by one."""


def _number(text: str):
    try:
        return int(text)
    except ValueError:
        return float(text)


def _row(cells: list[str], names: list[str], after: int) -> dict[str, float]:
    """The numbers of a line.

    Raises:
        ValueError: says what is wrong with it.
    """
    if len(cells) != len(names):
        raise ValueError(f"{len(cells)} values under {len(names)} names")
    row = {n: _number(v) for n, v in zip(names, cells, strict=True) if v != ""}
    if type(row.get("step")) is not int or row["step"] <= after:
        raise ValueError(f"step is {row.get('step')!r}; a whole number above {after} is needed")
    return row


def read_scalars(path) -> list[dict[str, float]]:
    """Rows of a scalars.csv; none if there is no such file.

    A row that cannot be read, such as a last one that was cut off, is named on stderr with its line and the reason,
    and copied to GARBLED beside the file, so that the next save does not lose it.

    Args:
        path: of the file.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="backslashreplace").splitlines()
    rows, garbled, names = [], [], None
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
                    f"{path}:{number}: left out, and kept in {GARBLED}: {error}: {line!r:.80}",
                    file=sys.stderr,
                )
    if len(garbled) > NAMED:
        print(f"{path}: and {len(garbled) - NAMED} more such rows", file=sys.stderr)
    if garbled:
        _keep(path.with_name(GARBLED), garbled)
    return rows


def _keep(path: pathlib.Path, lines: list[str]) -> None:
    there = set(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else set()
    with path.open("a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines if line not in there)


def write_scalars(path, rows: list[dict[str, float]]) -> None:
    """Bring scalars.csv up to date: new rows are appended, and it is written anew where that will not do.

    Args:
        path: of the file.
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
    # Another column, a run that was killed after its last checkpoint, or a row that cannot be read.
    partial = path.with_name(".partial-" + path.name)
    partial.write_bytes(wanted)
    partial.replace(path)


class TensorBoard:
    """Callback of the trainer that writes its rows for TensorBoard.

    Args:
        folder: for the event files; made with the first row.

    Raises:
        ImportError: tensorboardX is not installed; says how to get it.
    """

    def __init__(self, folder):
        try:
            import tensorboardX  # noqa: F401
        except ImportError as error:
            raise ImportError("TensorBoard files need tensorboardX: pip install tensorboardX") from error
        self.folder, self.writer, self.written = folder, None, 0

    def after_update(self, trainer) -> None:
        """Write the rows that have been read back so far.

        Args:
            trainer: that has just finished a step.
        """
        if self.writer is None:
            from tensorboardX import SummaryWriter

            self.writer = SummaryWriter(str(self.folder))
        for row in trainer.history[self.written :]:
            for name in row.keys() - {"step"}:
                self.writer.add_scalar(name, row[name], row["step"])
        self.written = len(trainer.history)

    def after_run(self, trainer) -> None:
        """Write the last rows too, and wait until all of it is on disk.

        Args:
            trainer: that has finished its run.
        """
        self.after_update(trainer)
        if self.writer is not None:
            self.writer.flush()


def hints(history: list[dict[str, float]], score: str | None = None) -> list[str]:
    """Likely causes of a loss that is no number, that does not fall, or a score that stays at 0.

    Args:
        history: rows of the trainer.
        score: name of the score that should rise, "hmean" or "acc".

    Returns: sentences, none if nothing stands out.
    """
    found = []
    losses = [row["loss"] for row in history]
    if losses and not math.isfinite(losses[-1]):
        found.append(
            f"the loss is {losses[-1]} at step {history[-1]['step']}: lower the learning rate, give it a longer "
            "warm-up or a grad clip; in fp16 try bf16; look for labels longer than the net has time steps"
        )
    losses = [loss for loss in losses if math.isfinite(loss)]
    part = len(losses) // 5
    if part >= 10 and sum(losses[-part:]) >= 0.98 * sum(losses[:part]):
        found.append(
            "the loss did not fall over the whole run: is the learning rate too low or too high, are labels and "
            "pictures in the same order, is something frozen that should learn?"
        )
    scores = [row[score] for row in history if score and score in row]
    if len(scores) >= 2 and max(scores) == 0:
        found.append(
            "hmean is still 0: are all texts marked ### or *, are they smaller than 8 px after the crop, or is "
            "the run simply too short for the probability map to pass its threshold?"
            if score == "hmean"
            else "accuracy is still 0: CTC answers blank for its first thousand steps or so; after that look at the "
            "dictionary (does it hold the labels' characters?), at texts longer than a quarter of the width, "
            "and start with short clean lines"
        )
    return found
