"""Tables of chapter 13, 18 and 19, from results by hand."""

from ppocr_lessons.bench.claimed_costs import Costs
from ppocr_lessons.bench.claims import VERDICTS, claims
from ppocr_lessons.bench.whole_systems import SYSTEMS
from ppocr_lessons.viz.claims_table import claims_table, show_systems, show_verdicts
from ppocr_lessons.viz.pretraining import show_labeled_lines
from ppocr_lessons.viz.recorded import recognition_table

ROW = {"row": "bda", "title": "+ BDA", "section": "2.3.2", "published": 0.5505, "acc": 0.6, "spread": 0.05, "cer": 0.125,
       "real_acc": 0.25, "seeds": [1, 2]}  # fmt: skip


def test_rows_of_an_ablation():
    recorded = {"table": [ROW, ROW | {"row": "tia", "title": "+ TIA", "published": None}]}
    lines = recognition_table(recorded).data.splitlines()
    assert lines[2] == "| + BDA | 2.3.2 | 0.600 | 0.050 | 0.125 | 0.250 | 2 | 0.5505 |"
    assert lines[3].endswith("| 2 | – |") and len(lines) == 4
    assert "+ TIA" not in recognition_table(recorded, ["bda"]).data


def test_every_claim_has_a_line_with_its_verdict():
    found = claims()
    table = claims_table(found, {"det-light-head": Costs((7.0, 4.0), (90.0, 40.0))}).data.splitlines()
    assert len(table) == 2 + 24
    for claim, line in zip(found, table[2:], strict=True):
        assert f"**{claim.verdict}**" in line and f"]({claim.strategy.notebook})" in line
    assert "7.00 → 4.00 MB, 90.0 → 40.0 ms" in table[3]
    told = show_verdicts(found).alt
    assert all(f"{sum(c.verdict == v for c in found)} {v}" in told for v in VERDICTS)


def test_systems_are_told_with_their_sums():
    part = {"mb": {"det": 2.0, "cls": 0.5, "rec": 4.5}, "ms": {"det": 70.0, "cls": 8.0, "rec": 60.0}}
    told = show_systems(dict.fromkeys(SYSTEMS, part)).alt
    assert told.count("7.0 MB, 138 ms") == 3 and "PP-OCR server" in told


def test_the_curve_over_labeled_lines_tells_every_mean():
    table = [
        {"row": f"{start}-{count}", "acc": acc, "accs": [acc - 0.1, acc + 0.1], "seeds": [1, 2]}
        for start, count, acc in (
            ("random", 50, 0.1),
            ("random", 200, 0.2),
            ("official", 50, 0.7),
            ("official", 200, 0.8),
        )
    ]
    told = show_labeled_lines(
        {"table": table}, {"random": "random weights", "official": "official first"}
    ).alt
    assert "random weights: 50 lines 0.10, 200 lines 0.20" in told
    assert "official first: 50 lines 0.70, 200 lines 0.80" in told
