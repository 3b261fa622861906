"""Interleaved timing."""

from ppocr_lessons.bench.timing import interleaved


def test_the_median_is_taken_with_the_given_clock():
    now, calls = [0.0], []
    slow_then_fast = {"slow": [9, 3, 5, 4], "fast": [9, 1, 1, 1]}

    def run(name):
        calls.append(name)
        now[0] += slow_then_fast[name].pop(0)

    variants = {name: lambda name=name: run(name) for name in slow_then_fast}
    assert interleaved(variants, rounds=3, warmup=1, clock=lambda: now[0]) == {"slow": 4, "fast": 1}
    assert calls == ["slow", "fast"] * 4
