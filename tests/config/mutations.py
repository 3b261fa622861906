"""Broken configurations made from good ones: a place is drawn, and something is done to it."""

import copy
import random

WILD = (
    None, "", " ", "x", "\u202e\u0661", "y" * 3000, -1, 0, 1, 1.5, -0.0, 1e308, float("inf"), float("-inf"), float("nan"),
    10**9, 10**12, 10**27, True, False, [], {}, [None], [[]], ["x"], [1], {"name": "x"}, {"a": {"b": 1}}, [{"a": None}],
    "../../etc", "/dev/zero", "1./0.", "!!python/object:os.system", [10**9, 10**9], [3, 10**9, 10**9], [-1, -1],
)  # fmt: skip
"""Values that are wrong almost everywhere."""

KINDS = ("drop", "type", "wild", "duplicate", "rename")


def places(values, place=()):
    """Every place in nested values, the containers among them."""
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    for step, value in pairs:
        yield (*place, step)
        if isinstance(value, (dict, list)):
            yield from places(value, (*place, step))


def _other_type(value, draw: random.Random):
    if isinstance(value, bool):
        return draw.choice([str(value), int(value), [value]])
    if isinstance(value, (int, float)):
        return draw.choice([str(value) + "x", [value], {"value": value}, bool(value)])
    if isinstance(value, str):
        return draw.choice([len(value), [value], {value: None}, 0.5])
    if isinstance(value, list):
        return draw.choice([dict(enumerate(map(str, value))), str(value), len(value)])
    if isinstance(value, dict):
        return draw.choice([list(value), list(value.values()), str(value), len(value)])
    return draw.choice([0, "", [], {}])


def mutate(values: dict, kind: str, draw: random.Random) -> tuple[dict, tuple]:
    """A copy of a configuration with one place broken, and the place.

    Args:
        values: of a good configuration.
        kind: one of KINDS.
        draw: generator.
    """
    values = copy.deepcopy(values)
    place = draw.choice(list(places(values)))
    around = values
    for step in place[:-1]:
        around = around[step]
    last = place[-1]
    if kind == "drop":
        del around[last]
    elif kind == "type":
        around[last] = _other_type(around[last], draw)
    elif kind == "wild":
        around[last] = copy.deepcopy(draw.choice(WILD))
    elif kind == "duplicate" and isinstance(around, list):
        around.insert(last, copy.deepcopy(around[last]))
    elif isinstance(around, list):
        around[last] = f"{around[last]}s"[:40]
    else:  # renamed, or there a second time under another name
        around[f"{last}_{draw.randint(0, 9)}"] = (
            copy.deepcopy(around[last]) if kind == "duplicate" else around.pop(last)
        )
    return values, place
