"""Worked notebooks with one honest mistake: the score is in between, and the reason says what is wrong."""

import pytest

from ppocr_lessons.grading.registry import find

from .executed import answers_with, lost

SMALLER = {
    "read_and_measure": {"pages": 2},
    "db_targets": {"pages": 2},
    "smaller_detector": {"pages": 2},
    "distillation": {"steps": 1},
    "ctc_and_centers": {"words": 40},
}
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
    (
        "augmentation",
        {"distort_targets": ("moves[4:] - limit / 2", "moves[4:]"), "largest_move": ("// 3 / 2", "// 3")},
        {"distort_targets": "limit / 2 is missing", "largest_move": "minus half of the limit"},
    ),
    (
        "augmentation",
        {"rectangles": ("along = np.array([cos, -sin])", "sin = -sin\n    along = np.array([cos, -sin])"), "places": ("boxes.append([x, y, x + w, y + h])", "pass")},
        {"rectangles": "clockwise", "places": "placed before are not kept clear of"},
    ),
    (
        "augmentation",
        {
            "stretch_targets": ("np.floor(shares[i - 1] * limit) - limit / 2", "limit / 2 - np.floor(shares[i - 1] * limit)"),
            "check-sources": ("my_source(place, warp.source, warp.target)", "my_source(place, warp.target, warp.source)"),
        },
        {"stretch_targets": "wrong direction", "sources": "exchanged"},
    ),
    (
        "quantize",
        {"clipped": ("np.clip(x, -alpha, alpha)", "np.clip(x, 0, alpha)"), "gradient_x": ("np.where(np.abs(x) < alpha, upstream, 0.0)", "upstream")},
        {
            "clipped": "both sides are clipped",
            "gradient_x": "Outside the bounds",
            "trained_alphas": "values are right",
        },
    ),
    (
        "quantize",
        {"quantized": (".max((1, 2, 3), keepdims=True)", ".max()"), "megabytes": ("+ channels * 4", "")},
        {"quantized": "one scale for all weights", "megabytes": "scale of four bytes"},
    ),
    (
        "quantize",
        {"trained_alphas": (" + 2 * decay * bound", ""), "largest_integer": ("2 ** (bits - 1) - 1", "2**bits - 1")},
        {"trained_alphas": "decay of alpha is missing", "largest_integer": "One bit is the sign"},
    ),
    (
        "read_and_measure",
        {"matches": ("used.add(j)\n                break", "used.add(j)"), "edit_distances": ("max(1, len(reading), len(label))", "max(1, len(label))")},
        {"scores": "values are right", "edit_distances": "longer one of the two texts"},
    ),
    (
        "read_and_measure",
        {"check-scores": ("[inputs.draw_case(seed, index) for index in range(cases)]", "[(c.labels, [False] * 10, c.found) for c in (inputs.draw_case(seed, i) for i in range(cases))]"), "overlap": (" - shared)", ")")},
        {"scores": "Ignored labels count", "overlap": "Yours is"},
    ),
    (
        "read_and_measure",
        {
            "missed": ("if not seen", "if seen"),
            "recall_by_height": ("(small, ~small)", "(~small, small)"),
            "harmonic_mean": ("2 * matched / (expected + detected)", "(matched / expected + matched / detected) / 2"),
        },
        {"missed": "labels are missed", "recall_by_height": "exchanged", "harmonic_mean": "arithmetic mean"},
    ),
    (
        "smaller_detector",
        {
            "distances": ("np.linalg.norm(flat[:, None] - flat, axis=2).sum(1)", "np.linalg.norm(flat, axis=1)"),
            "megabytes": ("weights * 4 / 1e6", "weights / 1e6"),
        },
        {"distances": "These are the norms", "removed": "smallest norm", "megabytes": "four bytes"},
    ),
    (
        "smaller_detector",
        {"plan": ('if "stage3" in name and width >= 300', "")},
        {"plan": "The size is within the budget, but on held-back pages"},
    ),
    (
        "smaller_detector",
        {"plan": ("<= budget * full:", "<= 0.95 * full:"), "variant_parameters": ("(False, True)", "(True, False)")},
        {"plan": "of the parameters are left; the budget is", "variant_parameters": "exchanged", "saved_by_neck": "Yours is"},
    ),
    (
        "distillation",
        {"mutual": ("((forth + back) / 2)", "(forth + back)"), "dilated_pixels": ("(rectangle[0] + 1) * (rectangle[1] + 1)", "(rectangle[0] + 2) * (rectangle[1] + 2)")},
        {"mutual": "not the sum", "dilated_pixels": "one row and one column", "student_maps": "of that of the untrained student"},
    ),
    (
        "distillation",
        {"dilated": ("for a in (0, 1) for b in (0, 1)", "for a in (1,) for b in (1,)"), "total": (" + mutual_loss", "")},
        {"dilated": "not dilated", "total": "mutual loss is missing", "student_maps": "of that of the untrained student"},
    ),
    (
        "distillation",
        {"dilated_loss": ("(((pred + target) * mask).sum() + 1e-6)", "((pred + target).sum() + 1e-6)"), "sequences": ("both.sum() / 2", "both.sum() / 2 / 10")},
        {"dilated_loss": "Yours is", "sequences": "over the time steps", "student_maps": "of that of the untrained student"},
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
