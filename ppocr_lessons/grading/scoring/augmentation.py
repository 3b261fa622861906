"""Scores the assignment on augmentation: TIA's control points and warp, CopyPaste's rectangles and placement."""

from collections.abc import Mapping

import numpy as np

from ...augment.copy_paste import CORNERS, MOST, first_free, turn_texts
from ...augment.tia import ControlPoints, distort, move_least_squares, stretch
from ...coursework import augmentation as inputs
from ..assignment import Answer, Assignment, Mark, Question
from .rules import Mistake, Rule, chosen, close, give_marks

LABELS = (
    "the text stays the same",
    "the text is split at the control points",
    "the text is mirrored if the corners cross",
)

QUESTIONS = (
    Question(
        "distort_targets",
        4,
        "array",
        "(K, 2) target points (x, y) in pixels of the distortion with the drawn shares",
        shape=(None, 2),
        dtype="float64",
    ),
    Question(
        "stretch_targets",
        2,
        "array",
        "(K, 2) target points (x, y) in pixels of the stretch with the drawn shares",
        shape=(None, 2),
        dtype="float64",
    ),
    Question(
        "sources",
        4,
        "array",
        "(20, 2) source positions (x, y) in pixels of the drawn positions, by moving least squares",
        shape=(20, 2),
        dtype="float64",
    ),
    Question(
        "rectangles",
        3,
        "array",
        "(6, 4, 2) corners in pixels of the pasted texts",
        shape=(6, 4, 2),
        dtype="float64",
    ),
    Question(
        "places",
        4,
        "array",
        "(12,) number of the first free candidate of each text, -1 if none is free",
        shape=(12,),
        dtype="int64",
    ),
    Question(
        "largest_move",
        1,
        "number",
        "largest distance in pixels along x that a point between the corners can move to the left in a distortion",
    ),
    Question("most_texts", 1, "number", "number of texts that are chosen from the given donor page"),
    Question("label_after", 1, "choice", "what TIA does to the label of a line", choices=LABELS),
)


class Drawn:
    """Stands in for a random generator whose numbers have been drawn before.

    Args:
        shares: numbers in [0, 1), used in this order.
    """

    def __init__(self, shares):
        self._shares = iter(np.ravel(shares).tolist())

    def integers(self, high: int, size: int | None = None):
        """Integers in 0..high - 1 from the next shares.

        Args:
            high: number of possible values.
            size: how many are drawn; one number if None.
        """
        if size is None:
            return int(next(self._shares) * high)
        return np.array([int(next(self._shares) * high) for _ in range(size)])


def parameters(seed: int) -> dict:
    """Parameters of the notebook.

    Args:
        seed: of all inputs.

    Returns: seed; height and width of a line in pixels; segments; number of texts of a donor page and share that is
        pasted.
    """
    rng = np.random.default_rng([seed, 4])
    return {
        "seed": seed,
        "height": int(rng.integers(32, 65)),
        "width": int(rng.integers(200, 401)),
        "segments": int(rng.integers(3, 7)),
        "donor_texts": int(rng.integers(11, 60)),
        "paste_ratio": float(rng.choice([0.2, 0.3, 0.4])),
    }


def _stretched(shares, height: int, width: int, segments: int, signs: float = 1.0) -> np.ndarray:
    source, target = stretch(Drawn(shares), height, width, segments)  # pyright: ignore[reportArgumentType]
    return source + signs * (target - source)


def _places_rule(drawn: inputs.Placement) -> Rule:
    right = first_free(*drawn)
    alone = [
        int(first_free(drawn.candidates[i : i + 1], drawn.sizes[i : i + 1], drawn.occupied)[0])
        for i in range(len(right))
    ]
    anywhere = np.zeros_like(right)
    mistakes = (
        Mistake(alone, "Texts that were placed before are not kept clear of.", 0.5),
        Mistake(anywhere, "The first candidate is always taken, even where it covers another text.", 0.1),
    )
    return close(right, relative=0, absolute=0.01, mistakes=mistakes)


def score(given: Mapping, answers: Mapping[str, Answer]) -> list[Mark]:
    """Score a submission.

    Args:
        given: parameters of the notebook.
        answers: checked answers by the id of the question.

    Returns: marks of the answered questions.
    """
    seed, height, width, segments = (given[key] for key in ("seed", "height", "width", "segments"))
    shares = inputs.draw_distortion(seed, segments)
    source, target = distort(Drawn(shares), height, width, segments)  # pyright: ignore[reportArgumentType]
    limit = width // segments // 3
    not_centered = target.copy()
    not_centered[4:] += limit / 2
    outward = target.copy()
    outward[:4] = 2 * source[:4] - target[:4]
    moves = inputs.draw_stretch(seed, segments)
    warp = inputs.draw_warp(seed, height, width)
    turns = inputs.draw_turns(seed)
    halves = turn_texts(Drawn((turns.angles_deg + 0.5) / 360), turns.quads)  # pyright: ignore[reportArgumentType]
    clockwise = turn_texts(Drawn((360.5 - turns.angles_deg) / 360), turns.quads)  # pyright: ignore[reportArgumentType]
    chosen_texts = max(1, min(int(given["paste_ratio"] * given["donor_texts"]), MOST))
    rules = {
        "distort_targets": close(
            target,
            mistakes=(
                Mistake(
                    not_centered, "Points between the corners move both ways: limit / 2 is missing.", 0.5
                ),
                Mistake(outward, "The corners move outward; they have to move inward.", 0.6),
            ),
        ),
        "stretch_targets": close(
            _stretched(moves, height, width, segments),
            mistakes=(
                Mistake(
                    _stretched(moves, height, width, segments, -1.0),
                    "The points move in the wrong direction.",
                    0.5,
                ),
            ),
        ),
        "sources": close(
            move_least_squares(warp.places, ControlPoints(warp.source, warp.target)),
            absolute=1e-2,
            mistakes=(
                Mistake(
                    move_least_squares(warp.places, ControlPoints(warp.target, warp.source)),
                    "Source and target are exchanged: a position in the bent line needs its place in the original.",
                    0.5,
                ),
            ),
        ),
        "rectangles": close(
            turns.centers[:, None] + CORNERS @ halves,
            absolute=1e-2,
            mistakes=(
                Mistake(
                    turns.centers[:, None] + CORNERS @ clockwise,
                    "The texts turn clockwise: on the screen, y points down.",
                    0.5,
                ),
            ),
        ),
        "places": _places_rule(inputs.draw_placement(seed)),
        "largest_move": close(
            limit / 2,
            relative=0,
            absolute=1e-3,
            mistakes=(
                Mistake(limit, "The move is drawn from 0 to the limit, minus half of the limit.", 0.5),
            ),
        ),
        "most_texts": close(
            chosen_texts,
            relative=0,
            absolute=1e-3,
            mistakes=(
                Mistake(
                    round(given["paste_ratio"] * given["donor_texts"]), "The number is rounded down.", 0.5
                ),
            ),
        ),
        "label_after": chosen(
            LABELS[0], "TIA moves pixels; the order of the characters, and so the label, stays."
        ),
    }
    return give_marks(QUESTIONS, rules, answers)


ASSIGNMENT = Assignment(
    "augmentation", "Augmentation: TIA and CopyPaste by hand", QUESTIONS, parameters, score
)
