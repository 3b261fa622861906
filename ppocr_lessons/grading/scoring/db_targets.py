"""Scores the assignment on DBNet: shrink map, threshold map, loss, post-processing and its settings."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import paddle

from ...coursework import db_targets as inputs
from ...datasets.batches import DetBatch
from ...det.db_head import DBMaps
from ...det.db_loss import DBLoss
from ...det.metric import DetMetric
from ...det.postprocess import DBPostProcess, unclip_distance
from ...det.targets import make_shrink_map, make_threshold_map, shrink_distance, validate_polygons
from ...polygons import perimeter, signed_area
from ..assignment import Answer, Assignment, Mark, Question
from .found_boxes import boxes_rule
from .rules import RIGHT, Mistake, Rule, chosen, close, give_marks, overlapping

LOSS_PARTS = ("Dice loss of the probability map", "masked L1 loss of the threshold map", "total")

MASK_MEANS = (
    "the pixel is background",
    "the pixel does not count in the loss",
    "the pixel is text",
)
TOUCHING = (
    "text lines that touch would become one region",
    "the probability map would need more memory",
    "the network could not be trained with Dice loss",
)

QUESTIONS = (
    Question(
        "distances",
        2,
        "array",
        "(12,) shrink distances in pixels of the drawn polygons",
        shape=(12,),
        dtype="float64",
    ),
    Question(
        "shrink_map",
        3,
        "array",
        "(side, side) map, 1 on the cores of the texts that count and 0 elsewhere",
        shape=(None, None),
    ),
    Question(
        "threshold_map",
        3,
        "array",
        "(side, side) map, 0.7 on the outlines, falling to 0.3 at the shrink distance",
        shape=(None, None),
    ),
    Question(
        "losses",
        3,
        "array",
        f"(3,) values: {', '.join(LOSS_PARTS)} 5 L_prob + 10 L_threshold + L_binary",
        shape=(3,),
        dtype="float64",
    ),
    Question(
        "boxes",
        3,
        "array",
        "(N, 4, 2) corners in pixels of the boxes that are found in the drawn probability map",
        shape=(None, 4, 2),
    ),
    Question(
        "settings",
        2,
        "array",
        "(3,) thresh, box_thresh and unclip_ratio that are scored on held-back pages",
        shape=(3,),
        dtype="float64",
    ),
    Question(
        "undoing_ratio",
        1,
        "number",
        "unclip ratio that grows the core of the given rectangle back to the rectangle",
    ),
    Question("slope", 1, "number", "slope of the DB step with the given k at the point where P equals T"),
    Question("mask_means", 1, "choice", "what a 0 in the shrink mask means", choices=MASK_MEANS),
    Question(
        "why_shrink", 1, "choice", "why the network learns shrunk cores and not whole texts", choices=TOUCHING
    ),
)


def parameters(seed: int) -> dict:
    """Parameters of the notebook.

    Args:
        seed: of all inputs.

    Returns: seed; side in pixels of the drawn pages; shrink ratio; k of the DB step; number of tuning pages; width and
        height in pixels of the rectangle of a question.
    """
    rng = np.random.default_rng([seed, 2])
    return {
        "seed": seed,
        "side": 192,
        "ratio": float(rng.choice([0.35, 0.4, 0.45, 0.5])),
        "k": int(rng.choice([20, 30, 40, 50, 60])),
        "pages": 8,
        "rectangle": [int(rng.integers(80, 200)), int(rng.integers(20, 60))],
    }


def undoing_ratio(width: float, height: float, ratio: float) -> float:
    """Unclip ratio that undoes the shrinking of a rectangle.

    Args:
        width: in pixels.
        height: in pixels.
        ratio: shrink ratio.
    """
    distance = width * height * (1 - ratio**2) / (2 * (width + height))
    core = (width - 2 * distance, height - 2 * distance)
    return distance * 2 * sum(core) / (core[0] * core[1])


def hmean(pages: Sequence[inputs.DetectedPage], settings: Sequence[float]) -> float:
    """Score settings of the post-processing.

    Args:
        pages: with probability maps.
        settings: thresh, box_thresh and unclip_ratio.

    Returns: hmean over all pages, 0 if the settings are not allowed.
    """
    thresh, box_thresh, unclip_ratio = map(float, settings)
    if not (0 <= thresh <= 1 and 0 <= box_thresh <= 1 and 0.1 <= unclip_ratio <= 10):
        return 0.0
    find = DBPostProcess(thresh=thresh, box_thresh=box_thresh, unclip_ratio=unclip_ratio)
    metric = DetMetric()
    for page, prob in pages:
        boxes = find(prob, page.image.shape[:2])
        metric.add(boxes.polygons, page.polygons, np.zeros(len(page.polygons), bool))
    return metric.score().hmean


def _settings_rule(seed: int, count: int) -> Rule:
    def rule(answer):
        tuning = inputs.detected_pages(seed, count)
        held_back = inputs.detected_pages(seed, count, stream=inputs.HELD_BACK)
        grid = itertools.product((0.2, 0.3, 0.5), (0.3, 0.5, 0.7), (1.0, 1.5, 2.0))
        best = hmean(held_back, max(grid, key=lambda settings: hmean(tuning, settings)))
        found = hmean(held_back, answer)
        if found >= best - 0.02:
            return 1.0, RIGHT
        reason = f"On the held-back pages your settings reach an hmean of {found:.3f}, a small grid search {best:.3f}."
        return max(0.0, 1 - (best - 0.02 - found) / 0.2), reason

    return rule


def _map_rule(right: np.ndarray, mask: np.ndarray, mistakes: Sequence[Mistake]) -> Rule:
    """Mean absolute error in the bands; corners, where distances can be measured in two ways, are few."""

    def error(answer, values):
        return float(np.abs(answer - values)[mask > 0].mean())

    def rule(answer):
        if answer.shape != right.shape:
            return 0.0, f"The shape is {answer.shape}; {right.shape} is needed."
        found = error(answer, right)
        if found <= 0.01:
            return 1.0, RIGHT
        for mistake in mistakes:
            if error(answer, mistake.values) <= 0.01:
                return mistake.share, mistake.reason
        reason = f"In the bands around the outlines the mean error is {found:.3f}; at most 0.010 is needed."
        return max(0.0, 1 - (found - 0.01) / 0.09), reason

    return rule


def losses(maps: inputs.LossInputs) -> np.ndarray:
    """The three losses of a batch.

    Args:
        maps: predictions and labels.

    Returns: (3,) Dice loss of the probability map, masked L1 loss of the threshold map, total.
    """
    tensors = inputs.LossInputs(*(paddle.to_tensor(value) for value in maps))
    predicted = DBMaps(*(value.unsqueeze(1) for value in tensors[:3]))
    batch = DetBatch(paddle.zeros([1]), *tensors[3:])
    total, parts = DBLoss()(predicted, batch)
    return np.array([float(parts["prob"]) / 5, float(parts["threshold"]) / 10, float(total)])


def _loss_mistakes(maps: inputs.LossInputs) -> list[Mistake]:
    everywhere = maps._replace(
        shrink_mask=np.ones_like(maps.shrink_mask), threshold_mask=np.ones_like(maps.threshold_mask)
    )
    reason = "The masks are not used: pixels that do not count change the losses."
    return [Mistake(losses(everywhere), reason, 1 / 3)]


def score(given: Mapping, answers: Mapping[str, Answer]) -> list[Mark]:
    """Score a submission.

    Args:
        given: parameters of the notebook.
        answers: checked answers by the id of the question.

    Returns: marks of the answered questions.
    """
    seed, ratio, shape = given["seed"], given["ratio"], (given["side"],) * 2
    polygons = inputs.draw_polygons(seed)
    labels = inputs.draw_labels(seed, given["side"])
    valid, ignored = validate_polygons(labels.polygons, labels.ignored, shape)
    cores, _, _ = make_shrink_map(valid, ignored, shape, ratio=ratio)
    everyone, _, _ = make_shrink_map(valid, np.zeros(len(valid), bool), shape, ratio=ratio, min_text_size=0)
    whole, _, _ = make_shrink_map(valid, ignored, shape, ratio=0.999)
    bands, band_mask = make_threshold_map(labels.polygons, labels.ignored, shape, ratio=ratio)
    upside_down = np.where(band_mask > 0, 1.0 - bands, bands)
    maps = inputs.draw_loss_inputs(seed)
    k = given["k"]
    rules = {
        "distances": close(
            shrink_distance(polygons, ratio),
            mistakes=(
                Mistake(
                    np.abs(signed_area(polygons)) * (1 - ratio) / perimeter(polygons),
                    "The formula has 1 - r squared, not 1 - r.",
                    0.5,
                ),
                Mistake(unclip_distance(polygons, ratio), "This is the unclip distance A r / L.", 0.25),
            ),
        ),
        "shrink_map": overlapping(
            cores,
            mistakes=(
                Mistake(everyone, "Ignored texts and texts below 8 pixels must not be drawn.", 0.6),
                Mistake(whole, "The texts are drawn whole; only their cores belong into the map.", 0.2),
            ),
        ),
        "threshold_map": _map_rule(
            bands,
            band_mask,
            (Mistake(upside_down, "The map is upside down: 0.7 belongs on the outlines.", 0.5),),
        ),
        "losses": close(losses(maps), mistakes=_loss_mistakes(maps)),
        "boxes": boxes_rule(inputs.draw_probabilities(seed, given["side"], ratio)),
        "settings": _settings_rule(seed, given["pages"]),
        "undoing_ratio": close(
            undoing_ratio(*given["rectangle"], ratio),
            relative=5e-3,
            mistakes=(
                Mistake(
                    1 - ratio**2,
                    "This is the ratio for the rectangle itself. The core has another area and another perimeter.",
                    0.5,
                ),
            ),
        ),
        "slope": close(
            k / 4,
            relative=5e-3,
            mistakes=(Mistake(k, "The derivative of the sigmoid at 0 is 1/4, not 1.", 0.5),),
        ),
        "mask_means": chosen(MASK_MEANS[1], "The masks say which pixels count, not what is on them."),
        "why_shrink": chosen(
            TOUCHING[0], "Dense lines touch each other; their cores are apart, so they stay separate regions."
        ),
    }
    return give_marks(QUESTIONS, rules, answers)


ASSIGNMENT = Assignment(
    "db_targets", "DBNet: targets, loss and post-processing", QUESTIONS, parameters, score
)
