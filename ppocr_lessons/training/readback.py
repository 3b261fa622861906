"""Deferred reading of losses: reading a number makes a GPU finish all queued work, so several are read together."""

import paddle


class PendingRows:
    """Rows of the log whose numbers are still on the device."""

    def __init__(self):
        self._rows, self._numbers = [], []

    def begin(self, row: dict) -> None:
        """Start the row of a step. `add` adds its numbers.

        Args:
            row: row of the log, with the values that are known already.
        """
        self._rows.append(row)

    @paddle.no_grad()
    def add(self, loss, terms: dict, accumulate: int, samples: int) -> None:
        """Add a batch to the row that was started last.

        Args:
            loss: contribution of the batch to the loss of the step, a scalar tensor.
            terms: scalar tensors by name, terms of the loss of the batch.
            accumulate: number of batches per step, over which the terms are averaged.
            samples: number of samples in the batch.
        """
        self._rows[-1]["samples"] += samples
        scalars = [v.detach().astype("float32").reshape([]) for v in (loss, *terms.values())]
        self._numbers.append((self._rows[-1], list(terms), accumulate, paddle.stack(scalars)))

    def read(self) -> list[dict]:
        """Read the numbers of all pending rows with one transfer from the device.

        Returns: the finished rows.
        """
        rows, numbers = self._rows, self._numbers
        self._rows, self._numbers = [], []
        if numbers:
            values = iter(paddle.concat([tensor for *_, tensor in numbers]).numpy().tolist())
            for row, names, accumulate, _ in numbers:
                row["loss"] = row.get("loss", 0.0) + next(values)
                for name in names:
                    row[name] = row.get(name, 0.0) + next(values) / accumulate
        return rows
