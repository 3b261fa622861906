"""Scores the assignment on reading pages: precision, recall, hmean, edit distance, and where the system fails."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
from rapidfuzz.distance import Levenshtein

from ...coursework import read_and_measure as inputs
from ...det.metric import DetMetric, DetScore
from ..assignment import Answer, Assignment, Mark, Question
from .rules import RIGHT, Mistake, Rule, chosen, close, give_marks

DUPLICATES = (
    "one of them counts, the other one is a false alarm",
    "both count as right",
    "neither counts, because the match is not unique",
)

QUESTIONS = (
    Question(
        "scores",
        4,
        "array",
        "(3,) precision, recall and hmean, 0..1, over all drawn cases",
        shape=(3,),
        dtype="float64",
    ),
    Question(
        "edit_distances",
        3,
        "array",
        "(12,) normalized edit distances, 0..1, of the drawn pairs",
        shape=(12,),
        dtype="float64",
    ),
    Question(
        "page_scores",
        3,
        "array",
        "(pages, 3) precision, recall and hmean of the system on each page",
        shape=(None, 3),
        dtype="float64",
    ),
    Question(
        "similarity",
        2,
        "number",
        "1 - mean normalized edit distance over all matched lines of all pages, 0..1",
    ),
    Question("missed", 2, "texts", "the texts of all labels that no detection matches, of all pages"),
    Question(
        "recall_by_height",
        2,
        "array",
        "(2,) recall of the labels lower than small_height pixels, and of all others, over all pages",
        shape=(2,),
        dtype="float64",
    ),
    Question("worst_page", 1, "number", "number of the page with the lowest hmean, from 0"),
    Question("overlap", 1, "number", "intersection over union of the two given boxes, 0..1"),
    Question("harmonic_mean", 1, "number", "hmean for the given counts"),
    Question(
        "duplicates", 1, "choice", "what happens when two detections match one label", choices=DUPLICATES
    ),
)


def parameters(seed: int) -> dict:
    """Parameters of the notebook.

    Args:
        seed: of all inputs.

    Returns: seed; numbers of drawn cases and of pages; limit in pixels of low labels; two boxes as left, top, right, bottom
        in pixels; matched, expected and detected boxes of a question.
    """
    rng = np.random.default_rng([seed, 1])
    width, height = (int(v) for v in rng.integers((40, 20), (100, 40)))
    dx, dy = (int(v) for v in rng.integers((5, 3), (30, 15)))
    matched = int(rng.integers(20, 60))
    return {
        "seed": seed,
        "cases": 5,
        "pages": 5,
        "small_height": 22,
        "two_boxes": [[0, 0, width, height], [dx, dy, dx + width, dy + height]],
        "counts": [matched, matched + int(rng.integers(5, 20)), matched + int(rng.integers(25, 40))],
    }


def _case_scores(cases: list[inputs.Case], *, with_ignored: bool = False) -> DetScore:
    metric = DetMetric()
    for labels, ignored, found in cases:
        metric.add(found, labels, np.zeros_like(ignored) if with_ignored else ignored)
    return metric.score()


def overlap_of(first, second) -> float:
    """Intersection over union of two upright boxes.

    Args:
        first: left, top, right, bottom.
        second: the same of the second box.
    """
    sides = [min(first[i + 2], second[i + 2]) - max(first[i], second[i]) for i in (0, 1)]
    shared = max(0, sides[0]) * max(0, sides[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return shared / (sum(areas) - shared)


def _missed_rule(right: list[str]) -> Rule:
    def rule(answer):
        found, expected = Counter(answer), Counter(right)
        good = sum((found & expected).values())
        share = 2 * good / max(1, len(answer) + len(right))
        if share == 1 or (not answer and not right):
            return 1.0, RIGHT
        # Rounding may decide whether a detection at the limit of 0.5 matches.
        if share >= 0.85:
            return 1.0, "Right up to a label at the limit of the overlap."
        return share, f"{len(right)} labels are missed; {good} of your {len(answer)} texts are among them."

    return rule


def score(given: Mapping, answers: Mapping[str, Answer]) -> list[Mark]:
    """Score a submission.

    Args:
        given: parameters of the notebook.
        answers: checked answers by the id of the question.

    Returns: marks of the answered questions.
    """
    seed = given["seed"]
    cases = [inputs.draw_case(seed, index) for index in range(given["cases"])]
    pairs = inputs.draw_texts(seed)
    by_label = [Levenshtein.distance(a, b) / len(b) for a, b in pairs]
    page_scores, similarities, missed, heights, hits = [], [], [], [], []
    for page, lines in inputs.read_pages(seed, given["pages"]):
        metric = DetMetric()
        matches = metric.add(
            [line.polygon for line in lines], page.polygons, np.zeros(len(page.polygons), bool)
        )
        page_scores.append(metric.score())
        similarities += [
            1 - Levenshtein.normalized_distance(lines[found].text, page.texts[label])
            for label, found in matches
        ]
        hit = np.isin(np.arange(len(page.texts)), [label for label, _ in matches])
        missed += [text for text, seen in zip(page.texts, hit, strict=True) if not seen]
        sides = np.hypot(*(page.polygons - np.roll(page.polygons, -1, axis=1)).transpose(2, 0, 1))
        heights += ((sides[:, 1] + sides[:, 3]) / 2).tolist()
        hits += hit.tolist()
    small = np.array(heights) < given["small_height"]
    recalls = [float(np.array(hits)[part].mean()) if part.any() else 0.0 for part in (small, ~small)]
    hmeans = [page.hmean for page in page_scores]
    near = np.nonzero(np.array(hmeans) <= min(hmeans) + 0.01)[0]
    matched, expected, detected = given["counts"]
    worst = answers.get("worst_page")
    rules = {
        "scores": close(
            _case_scores(cases),
            mistakes=(
                Mistake(
                    _case_scores(cases, with_ignored=True),
                    "Ignored labels count; they and the detections on them have to be left out.",
                    0.5,
                ),
            ),
        ),
        "edit_distances": close(
            [Levenshtein.normalized_distance(*pair) for pair in pairs],
            mistakes=(
                Mistake(by_label, "Divide by the longer one of the two texts, not by the label.", 0.5),
            ),
        ),
        "page_scores": close(page_scores, relative=0, absolute=0.04),
        "similarity": close(np.mean(similarities) if similarities else 0.0, relative=0, absolute=0.02),
        "missed": _missed_rule(missed),
        "recall_by_height": close(
            recalls,
            relative=0,
            absolute=0.04,
            mistakes=(Mistake(recalls[::-1], "The two groups are exchanged.", 0.5),),
        ),
        # Pages whose scores are equal up to rounding are all right.
        "worst_page": close(worst if worst in near else near[0], relative=0, absolute=0),
        "overlap": close(
            overlap_of(*given["two_boxes"]),
            mistakes=(
                Mistake(
                    _share_of_one(*given["two_boxes"]),
                    "This is the share of one box; the union has to stand below.",
                    0.5,
                ),
            ),
        ),
        "harmonic_mean": close(
            2 * matched / (expected + detected),
            mistakes=(
                Mistake((matched / expected + matched / detected) / 2, "This is the arithmetic mean.", 0.5),
            ),
        ),
        "duplicates": chosen(
            DUPLICATES[0], "Each label is matched with one detection; the others are false alarms."
        ),
    }
    return give_marks(QUESTIONS, rules, answers)


def _share_of_one(first, second) -> float:
    both = overlap_of(first, second)
    return 2 * both / (1 + both)  # the two boxes have the same area


ASSIGNMENT = Assignment("read_and_measure", "Reading pages and measuring", QUESTIONS, parameters, score)
