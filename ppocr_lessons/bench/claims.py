"""Verdicts on claims: the claimed effect of each strategy, the recorded numbers, and a verdict by a fixed rule.

    ppocr-lessons claims

An effect is the change of one number between two rows of a recorded result. It counts as shown if it has the claimed
direction and is larger than the noise of the result. VERDICTS: all effects of a strategy are shown, some, none, or none is recorded.
"""

import json
import pathlib
import statistics
from collections.abc import Iterable
from typing import NamedTuple

from ..strategies import STRATEGIES, Strategy
from .claimed_effects import EFFECTS, SPREADS, UNITS, Effect

RESULTS = pathlib.Path(__file__).parents[2] / "data" / "results"
"""Recorded results of the checkout."""

VERDICTS = ("shows", "shows in part", "does not show", "cannot be tested here")
KEPT = 0.05
"""Largest fall of a score that still counts as kept, even if the noise is larger."""

TIMING_NOISE = 0.05
"""Relative difference of two medians of one interleaved measurement that is still noise."""


class Found(NamedTuple):
    """An effect with its recorded numbers: `before`, `after`, the `noise`, and whether it is `shown`."""

    effect: Effect
    before: float
    after: float
    noise: float
    shown: bool

    def as_text(self) -> str:
        """The numbers and the conclusion from them, in words."""
        unit = UNITS[self.effect.measure]
        digits = 3 if self.effect.measure in SPREADS else 2
        return (
            f"{unit} {self.before:.{digits}f} -> {self.after:.{digits}f} "
            f"({'shown' if self.shown else 'not shown'}, noise {self.noise:.{digits}f})"
        )


class Claim(NamedTuple):
    """A strategy (row of the index), its recorded effects, one of VERDICTS, and the reason in one sentence."""

    strategy: Strategy
    found: list[Found]
    verdict: str
    reason: str


def read_result(name: str, folder=RESULTS) -> dict:
    """A recorded result.

    Args:
        name: of the file, without its ending.
        folder: of the recorded results.

    Raises:
        ValueError: there is no such file.
    """
    file = pathlib.Path(folder) / f"{name}.json"
    if not file.is_file():
        raise ValueError(f"{file}: no such result; recorded results come with a checkout of the project")
    return json.loads(file.read_text(encoding="utf-8"))


def noise_of(result: dict, effect: Effect, before: float) -> float | None:
    """Largest change that chance explains.

    For scores it is the larger spread of both rows over their seeds. A row with a single seed has no spread; the median
    spread of the rows with several seeds in its table is used instead. Sizes have no noise, latencies TIMING_NOISE.

    Args:
        result: recorded result.
        effect: an effect in it.
        before: number without the strategy.

    Returns: the noise; None if every row of the table has a single seed, so that it is unknown.
    """
    if effect.measure == "saved_mb":
        return 0.0
    if effect.measure == "ms":
        return TIMING_NOISE * before
    spread = SPREADS[effect.measure]
    several = [row[spread] for row in result["table"] if len(row["seeds"]) > 1]
    if not several:
        return None
    usual = statistics.median(several)
    rows = {row["row"]: row for row in result["table"]}
    pair = (rows[effect.before], rows[effect.after])
    return max(row[spread] if len(row["seeds"]) > 1 else usual for row in pair)


def is_shown(change: float, noise: float, effect: Effect) -> bool:
    """The rule: a claimed rise or fall has to exceed the noise; what should be kept may get worse by the noise at most, and a
    score by no more than KEPT.

    Args:
        change: number with the strategy minus number without it.
        noise: of the result.
        effect: its measure and direction.
    """
    if effect.direction == "up":
        return change > noise
    if effect.direction == "down":
        return change < -noise
    is_cost = effect.measure not in SPREADS
    return change <= noise if is_cost else change >= -min(noise, KEPT)


def weigh(effect: Effect, result: dict) -> Found | None:
    """Look up an effect in a result.

    Args:
        effect: what to compare.
        result: recorded result.

    Returns: the numbers and whether the effect is shown; None if the result lacks a row or its noise is unknown.
    """
    is_cost = effect.measure not in SPREADS
    rows = result.get("costs", {}) if is_cost else {row["row"]: row for row in result["table"]}
    if effect.before not in rows or effect.after not in rows:
        return None
    before, after = (float(rows[name][effect.measure]) for name in (effect.before, effect.after))
    noise = noise_of(result, effect, before)
    return (
        None
        if noise is None
        else Found(effect, before, after, noise, is_shown(after - before, noise, effect))
    )


def verdict_of(found: Iterable[Found]) -> str:
    """Weigh the effects of a strategy.

    Args:
        found: its recorded effects.

    Returns: one of VERDICTS.
    """
    shown = [entry.shown for entry in found]
    if not shown:
        return VERDICTS[3]
    return VERDICTS[0] if all(shown) else VERDICTS[1] if any(shown) else VERDICTS[2]


def _missed(entry: Found) -> str:
    """Why an effect is not shown, by the rule of `is_shown`."""
    if entry.effect.direction != "kept":
        inside = abs(entry.after - entry.before) <= entry.noise
        return "changes within the noise" if inside else "changes the other way"
    if entry.effect.measure not in SPREADS:
        return "rises by more than the noise"
    return f"falls by more than {'the noise' if entry.noise < KEPT else f'{KEPT:g}'}"


def reason_of(found: Iterable[Found]) -> str:
    """Give the reason for a verdict: which effects are missed and why, or what all of them have in common.

    Args:
        found: recorded effects of a strategy.

    Returns: clauses of one sentence.
    """
    found = list(found)
    if not found:
        return "no recorded result has both rows with a known noise"
    missed = [f"{UNITS[entry.effect.measure]} {_missed(entry)}" for entry in found if not entry.shown]
    if missed:
        return "; ".join(dict.fromkeys(missed))
    changed = "claimed changes exceed the noise"
    kept = "what should be kept gets worse by no more than the noise"
    parts = dict.fromkeys(kept if entry.effect.direction == "kept" else changed for entry in found)
    return "; ".join(parts)


def claims(folder=RESULTS) -> list[Claim]:
    """All strategies with their verdicts, in the order of the index.

    Args:
        folder: of the recorded results.

    Raises:
        ValueError: a result is missing.
    """
    results: dict[str, dict] = {}
    found = []
    for strategy in STRATEGIES:
        entries = []
        for effect in EFFECTS[strategy.key]:
            result = results.setdefault(effect.result, read_result(effect.result, folder))
            entry = weigh(effect, result)
            if entry:
                entries.append(entry)
        found.append(Claim(strategy, entries, verdict_of(entries), reason_of(entries)))
    return found


def as_rows(found: list[Claim]) -> list[dict]:
    """The claims as plain values for JSON.

    Args:
        found: result of `claims`.
    """
    return [
        {
            "key": claim.strategy.key,
            "section": claim.strategy.section,
            "title": claim.strategy.title,
            "claim": claim.strategy.claim,
            "source": claim.strategy.source,
            "recorded": [
                entry.effect._asdict() | {"value_before": entry.before, "value_after": entry.after}
                | {"noise": entry.noise, "shown": entry.shown}
                for entry in claim.found
            ],
            "verdict": claim.verdict,
            "reason": claim.reason,
            "notebook": claim.strategy.notebook,
        }
        for claim in found
    ]  # fmt: skip


def as_text(found: list[Claim]) -> str:
    """Format the claims for a terminal.

    Args:
        found: result of `claims`.
    """
    lines = []
    for claim in found:
        lines.append(f"{claim.strategy.key:22} {claim.verdict:22} {claim.strategy.claim}")
        lines += [f"{'':22} recorded: {entry.as_text()}" for entry in claim.found]
        lines.append(f"{'':22} {claim.reason}")
    counts = ", ".join(f"{sum(c.verdict == verdict for c in found)} {verdict}" for verdict in VERDICTS)
    return "\n".join([*lines, f"{len(found)} strategies: {counts}"])
