"""A run's numbers stay on the device until they are wanted: reading one makes a GPU wait for all that is queued."""

import paddle


class PendingRows:
    """Rows whose numbers are still tensors."""

    def __init__(self):
        self._rows, self._numbers = [], []

    def begin(self, row: dict) -> None:
        """Start the row of a step; `add` fills it in.

        Args:
            row: of the log, with values that are still on the device.
        """
        self._rows.append(row)

    @paddle.no_grad()
    def add(self, loss, parts: dict, accumulate: int, samples: int) -> None:
        """Add a batch to the row that was begun last.

        Args:
            loss: its share of the step's loss.
            parts: numbers by name, of the whole batch.
            accumulate: batches a step, over which the parts are averaged.
            samples: in the batch.
        """
        self._rows[-1]["samples"] += samples
        scalars = [v.detach().astype("float32").reshape([]) for v in (loss, *parts.values())]
        self._numbers.append((self._rows[-1], list(parts), accumulate, paddle.stack(scalars)))

    def read(self) -> list[dict]:
        """Finish the rows with one transfer from the device and return them."""
        rows, numbers = self._rows, self._numbers
        self._rows, self._numbers = [], []
        if numbers:
            values = iter(paddle.concat([tensor for *_, tensor in numbers]).numpy().tolist())
            for row, names, accumulate, _ in numbers:
                row["loss"] = row.get("loss", 0.0) + next(values)
                for name in names:
                    row[name] = row.get(name, 0.0) + next(values) / accumulate
        return rows
