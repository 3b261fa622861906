"""Statistics of several runs of a row: mean and spread of their scores."""

import statistics
from collections.abc import Callable, Iterable


def of_row(records: Iterable[dict], name: str) -> list[dict]:
    """Records of one row of an ablation, in the order of their seeds.

    Args:
        records: of all rows, each with `row` and `seed`.
        name: of the row.
    """
    return sorted((record for record in records if record["row"] == name), key=lambda record: record["seed"])


def over_seeds(records: list[dict], score: Callable[[dict], float] = lambda record: record["acc"]) -> dict:
    """Mean and spread of a row over its seeds.

    Args:
        records: of the row, at least one.
        score: from a record to its score.

    Returns: seeds; accs, the score of each; acc, their mean; and spread, the largest minus the smallest.
    """
    scores = [score(record) for record in records]
    return {
        "seeds": [record["seed"] for record in records],
        "accs": scores,
        "acc": statistics.mean(scores),
        "spread": max(scores) - min(scores),
    }
