"""Mean and spread over seeds, by hand."""

from ppocr_lessons.bench.seeds import of_row, over_seeds

RECORDS = [
    {"row": "a", "seed": 2, "acc": 0.5},
    {"row": "b", "seed": 1, "acc": 1.0},
    {"row": "a", "seed": 1, "acc": 0.25},
]


def test_a_row_over_its_seeds():
    mine = of_row(RECORDS, "a")
    assert over_seeds(mine) == {"seeds": [1, 2], "accs": [0.25, 0.5], "acc": 0.375, "spread": 0.25}
    assert over_seeds(mine, lambda record: record["seed"])["acc"] == 1.5
    assert of_row(RECORDS, "c") == []
