"""The verdicts on the claims follow from the recorded numbers by the rule of the module, and from nothing else."""

import json
import shutil

import pytest

from ppocr_lessons.bench import ablation_cls, claims, detection_rows, integers, quantization, recognition_rows
from ppocr_lessons.bench.claimed_effects import EFFECTS, Effect
from ppocr_lessons.bench.claims import is_shown, noise_of, reason_of, verdict_of, weigh
from ppocr_lessons.strategies import STRATEGIES

TABLE = {
    "table": [
        {"row": "a", "acc": 0.50, "spread": 0.03, "seeds": [1, 2, 3]},
        {"row": "b", "acc": 0.56, "spread": 0.05, "seeds": [1, 2, 3]},
        {"row": "c", "acc": 0.54, "spread": 0.01, "seeds": [1, 2, 3]},
        {"row": "wide", "acc": 0.6, "spread": 0.3, "seeds": [1, 2, 3]},
        {"row": "once", "acc": 0.58, "spread": 0.0, "seeds": [1]},
    ],
    "costs": {"a": {"saved_mb": 2.0, "ms": 10.0}, "b": {"saved_mb": 1.9, "ms": 9.6}, "c": {"saved_mb": 2.0, "ms": 9.4}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "before", "after", "direction", "noise", "shown"),
    [
        ("acc", "a", "b", "up", 0.05, True),  # +.06, larger than the larger spread
        ("acc", "a", "c", "up", 0.03, True),
        ("acc", "c", "b", "up", 0.05, False),  # +.02, within the noise
        ("acc", "b", "a", "up", 0.05, False),
        ("acc", "b", "c", "kept", 0.05, True),  # -.02, within the noise
        ("acc", "b", "a", "kept", 0.05, False),
        ("acc", "wide", "a", "kept", 0.3, False),  # within the noise, but more than 0.05
        ("acc", "c", "once", "up", 0.04, False),  # one seed: the median spread of the others
        ("saved_mb", "a", "b", "down", 0.0, True),
        ("saved_mb", "a", "c", "down", 0.0, False),
        ("ms", "a", "b", "down", 0.5, False),  # -4 %
        ("ms", "a", "c", "down", 0.5, True),  # -6 %
        ("ms", "c", "a", "kept", 0.47, False),
        ("ms", "b", "a", "kept", 0.48, True),
    ],
)
def test_the_rule(measure, before, after, direction, noise, shown):
    found = weigh(Effect("any", measure, before, after, direction), TABLE)
    assert found is not None
    assert found.noise == pytest.approx(noise)
    assert found.shown is shown


def test_the_noise_of_worn_lines_is_their_own_spread():
    rows = [("a", 0.5, 0.02), ("b", 0.6, 0.09)]
    table = [
        {"row": name, "acc": 0.8, "spread": 0.3, "worn": worn, "worn_spread": spread, "seeds": [1, 2]}
        for name, worn, spread in rows
    ]
    found = weigh(Effect("any", "worn", "a", "b", "up"), {"table": table})
    assert (found.noise, found.shown) == (0.09, True)
    assert found.as_text() == "accuracy with camera effects 0.500 -> 0.600 (shown, noise 0.090)"


def test_a_row_that_was_not_recorded_gives_no_effect():
    assert weigh(Effect("any", "acc", "a", "absent", "up"), TABLE) is None
    assert weigh(Effect("any", "ms", "a", "once", "down"), TABLE) is None


def test_a_table_of_single_seeds_has_no_known_noise():
    once = {"table": [row | {"seeds": [1], "spread": 0.0} for row in TABLE["table"]], "costs": TABLE["costs"]}
    assert weigh(Effect("any", "acc", "a", "b", "up"), once) is None
    assert weigh(Effect("any", "saved_mb", "a", "b", "down"), once) is not None


def test_verdicts():
    yes = weigh(Effect("any", "acc", "a", "b", "up"), TABLE)
    no = weigh(Effect("any", "acc", "c", "b", "up"), TABLE)
    assert [verdict_of(found) for found in ([yes, yes], [yes, no], [no], [])] == list(claims.VERDICTS)


CHANGED, STAYED = (
    "claimed changes exceed the noise",
    "what should be kept gets worse by no more than the noise",
)


@pytest.mark.parametrize(
    ("effects", "reason"),
    [
        ([], "no recorded result has both rows with a known noise"),
        ([("acc", "a", "b", "up"), ("saved_mb", "a", "b", "down")], CHANGED),
        ([("acc", "b", "c", "kept")], STAYED),
        ([("acc", "a", "b", "up"), ("acc", "b", "c", "kept")], f"{CHANGED}; {STAYED}"),
        ([("acc", "a", "b", "up"), ("acc", "c", "b", "up")], "accuracy changes within the noise"),
        ([("acc", "b", "a", "up")], "accuracy changes the other way"),
        (
            [("ms", "c", "a", "kept"), ("acc", "c", "b", "up")],
            "ms rises by more than the noise; accuracy changes within the noise",
        ),
        ([("acc", "b", "a", "kept")], "accuracy falls by more than 0.05"),  # -.06, noise .05
        ([("acc", "wide", "a", "kept")], "accuracy falls by more than 0.05"),  # -.1, within the noise of .3
        ([("acc", "wide", "a", "kept"), ("acc", "b", "a", "kept")], "accuracy falls by more than 0.05"),
        ([("acc", "c", "low", "kept")], "accuracy falls by more than the noise"),  # -.04, noise .03
    ],
)
def test_the_reason_follows_from_the_rule(effects, reason):
    low = {"row": "low", "acc": 0.50, "spread": 0.03, "seeds": [1, 2, 3]}
    result = TABLE | {"table": [*TABLE["table"], low]}
    assert reason_of([weigh(Effect("any", *effect), result) for effect in effects]) == reason


def test_every_strategy_has_one_verdict_that_follows_from_the_recorded_numbers():
    found = claims.claims()
    assert [claim.strategy for claim in found] == list(STRATEGIES)
    for claim in found:
        expected = []
        for effect in EFFECTS[claim.strategy.key]:
            file = claims.RESULTS / f"{effect.result}.json"
            result = json.loads(file.read_text(encoding="utf-8"))
            several = any(len(row["seeds"]) > 1 for row in result.get("table", []))
            costs = effect.measure in ("saved_mb", "ms")
            rows = result["costs"] if costs else {row["row"]: row for row in result["table"]}
            if not {effect.before, effect.after} <= set(rows) or not (costs or several):
                continue
            before, after = (rows[name][effect.measure] for name in (effect.before, effect.after))
            expected.append(is_shown(after - before, noise_of(result, effect, before), effect))
        assert [entry.shown for entry in claim.found] == expected
        share = sum(expected) / len(expected) if expected else None
        assert claim.verdict == {
            None: claims.VERDICTS[3],
            1.0: claims.VERDICTS[0],
            0.0: claims.VERDICTS[2],
        }.get(share, claims.VERDICTS[1])


def test_a_verdict_changes_with_its_record(tmp_path):
    for file in claims.RESULTS.glob("*.json"):
        shutil.copy(file, tmp_path)
    file = tmp_path / "ablation_det.json"
    result = json.loads(file.read_text(encoding="utf-8"))
    verdicts = set()
    for hmean in (0.1, 0.99):
        for row in result["table"]:
            if row["row"] == "cml":
                row["hmean"] = hmean
        file.write_text(json.dumps(result), encoding="utf-8")
        verdicts.add(next(c.verdict for c in claims.claims(tmp_path) if c.strategy.key == "det-cml"))
    assert verdicts == {"shows", "does not show"}
    file.unlink()
    with pytest.raises(ValueError, match=r"ablation_det\.json: no such result"):
        claims.claims(tmp_path)


def test_effects_name_rows_of_the_ablations():
    known = {
        "ablation_det": set(detection_rows.ROWS),
        "ablation_cls": set(ablation_cls.ROWS),
        "ablation_quant": set(quantization.ROWS),
        "ablation_rec": set(recognition_rows.ROWS["rec"]),
        "ablation_rec_v2": set(recognition_rows.ROWS["rec_v2"]),
    }
    known["integers"] = {f"{stage}-{kind}" for stage in integers.STAGES for kind in ("float", "int8")}
    keys = {strategy.key for strategy in STRATEGIES}
    assert set(EFFECTS) == keys
    for effects in EFFECTS.values():
        for effect in effects:
            assert {effect.before, effect.after} <= known[effect.result]


def test_text_and_json_tell_the_same():
    found = claims.claims()
    rows, text = claims.as_rows(found), claims.as_text(found)
    assert json.loads(json.dumps(rows)) == rows and len(rows) == 24
    for row in rows:
        line = next(line for line in text.splitlines() if line.startswith(row["key"] + " "))
        assert row["verdict"] in line and row["claim"] in line
