"""Worked notebooks with one honest mistake: the score is in between, and the reason says what is wrong."""

import pytest

from ppocr_lessons.grading.registry import find

from .executed import answers_with, lost

SMALLER = {"db_targets": {"pages": 2}, "ctc_and_centers": {"words": 40}}
"""Parameters that make a run cheaper; the mistakes do not depend on them."""

MISTAKES = [
    (
        "db_targets",
        {"distances": ("1 - ratio**2", "1 - ratio")},
        {
            "distances": "1 - r squared",
            "shrink_map": "overlaps with the right one",
            "threshold_map": "mean error",
        },
    ),
    (
        "db_targets",
        {
            "shrink_map": ("if skip or np.ptp(polygon, axis=0).min() < 8:", "if False:"),
            "losses": ("* maps.threshold_mask", ""),
        },
        {"shrink_map": "Ignored texts and texts below 8 pixels", "losses": "1 of 3 values are right"},
    ),
    (
        "db_targets",
        {
            "boxes": ("grow = 2 * 1.5 * width", "grow = 0 * width"),
            "undoing_ratio": ("* (core_width + core_height) / (core_width * core_height)", "* (width + height) / (width * height)"),
            "slope": ("k / 4", "k"),
        },
        {"boxes": "not grown", "undoing_ratio": "rectangle itself", "slope": "1/4"},
    ),
    (
        "ctc_and_centers",
        {
            "texts": ("for c, _ in itertools.groupby(probs.argmax(1))", "for c in probs.argmax(1)"),
            "scores": ("first = np.append(True, classes[1:] != classes[:-1]) & (classes != 0)", "first = classes >= 0"),
        },
        {"texts": "not merged", "scores": "all time steps"},
    ),
    (
        "ctc_and_centers",
        {
            "losses": ("and states[s] != states[s - 2]", ""),
            "least_steps": ("len(word) + sum(a == b for a, b in zip(word, word[1:]))", "len(word)"),
        },
        {"losses": "of 4 values are right|Yours", "least_steps": "need a blank between them"},
    ),
    (
        "ctc_and_centers",
        {
            "centers": ('"".join(found.alphabet.characters[c - 1] for c in merged) == text', "True"),
            "center_loss": (".sum(2)", ".mean(2)"),
        },
        {"centers": "misread", "center_loss": "averaged over the features"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "patches", "reasons"), MISTAKES, ids=[f"{name}-{i % 3}" for i, (name, *_) in enumerate(MISTAKES)]
)
def test_a_mistake_costs_its_points_and_the_reason_says_why(name, patches, reasons, tmp_path):
    assignment = find(name)
    parameters = assignment.parameters(5) | SMALLER.get(name, {})
    answers = answers_with(assignment, parameters, patches, tmp_path)
    marks = assignment.score(parameters, answers)
    assert 0 < sum(mark.points for mark in marks) < assignment.points
    wrong = lost(assignment, marks)
    assert wrong.keys() == reasons.keys(), wrong
    for question, reason in reasons.items():
        assert any(part in wrong[question] for part in reason.split("|")), wrong[question]
