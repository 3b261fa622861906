"""A run's numbers as scalars.csv, one row a step, and on request for TensorBoard."""

import csv
import pathlib


def _number(text: str):
    try:
        return int(text)
    except ValueError:
        return float(text)


def read_scalars(path) -> list[dict[str, float]]:
    """Rows of a scalars.csv; none if there is no such file. A last row that was cut off is left out."""
    path = pathlib.Path(path)
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        names, *rows = list(csv.reader(file)) or [[]]
    whole = [row for row in rows if len(row) == len(names)]
    return [{n: _number(v) for n, v in zip(names, row, strict=True) if v != ""} for row in whole]


def write_scalars(path, rows: list[dict[str, float]]) -> None:
    """Bring scalars.csv up to date: new rows are appended, and it is written anew where that will not do.

    Args:
        path: of the file.
        rows: all rows of the run.
    """
    path = pathlib.Path(path)
    names = list(dict.fromkeys(name for row in rows for name in row))
    header, count = None, 0
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            header = next(reader, None)
            there = [row[0] for row in reader]
        count = len(there)
        if there != [str(row["step"]) for row in rows[:count]]:
            header = None  # a run that was killed went further than its last checkpoint
    if header == names:
        with path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, names).writerows(rows[count:])
        return
    partial = path.with_name(".partial-" + path.name)
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    partial.replace(path)


class TensorBoard:
    """Callback of the trainer that writes its rows for TensorBoard.

    Args:
        folder: for the event files.

    Raises:
        ImportError: tensorboardX is not installed; says how to get it.
    """

    def __init__(self, folder):
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise ImportError("TensorBoard files need tensorboardX: pip install tensorboardX") from error
        self.writer = SummaryWriter(str(folder))
        self.written = 0

    def after_update(self, trainer) -> None:
        """Write the rows that are complete: all but the one of this step."""
        for row in trainer.history[self.written :]:
            for name in row.keys() - {"step"}:
                self.writer.add_scalar(name, row[name], row["step"])
        self.written = len(trainer.history)

    def after_run(self, trainer) -> None:
        """Write the last row too, and wait until all of it is on disk."""
        self.after_update(trainer)
        self.writer.flush()
