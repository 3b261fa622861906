"""Scores the assignment on CTC: decoding, loss, centers, center loss, and characters that look alike."""

import itertools
from collections.abc import Mapping

import numpy as np
import paddle

from ...coursework import ctc_and_centers as inputs
from ...losses.center_loss import CenterLoss
from ...rec.alphabet import BLANK, Alphabet
from ...rec.class_centers import class_centers
from ...rec.ctc_decode import greedy_decode
from ...rec.ctc_lattice import log_likelihood, needed_steps
from ..assignment import Answer, Assignment, Mark, Question
from .rules import RIGHT, Mistake, Rule, chosen, close, give_marks, same_texts

BLANK_ROLES = (
    "it separates equal characters and stands for steps without a character",
    "it is the space between two words",
    "it marks the end of the text",
)
GRADIENTS = (
    "to the features only, because the centers are not trained",
    "to the centers only, because the network is not trained",
    "to the features and to the centers",
)
PAIRS = 5
"""Number of pairs of look-alikes that are asked for."""

QUESTIONS = (
    Question("texts", 3, "texts", "8 texts, the greedy decoding of each line of the drawn probabilities"),
    Question(
        "scores",
        2,
        "array",
        "(8,) mean probability of the characters of each decoded line, 0..1",
        shape=(8,),
        dtype="float64",
    ),
    Question(
        "losses",
        4,
        "array",
        "(4,) CTC losses, -ln P(label | line), of the first four lines with the drawn labels",
        shape=(4,),
        dtype="float64",
    ),
    Question(
        "centers",
        3,
        "array",
        "(K, D) mean feature of each class over the words that were read correctly; 0 for a class without features",
        shape=(None, None),
    ),
    Question(
        "center_loss",
        2,
        "number",
        "mean squared distance of the features of all words to the centers of their predicted classes",
    ),
    Question(
        "look_alikes",
        2,
        "texts",
        f"{PAIRS} texts of two characters each: the pairs whose centers are closest, without the blank",
    ),
    Question("least_steps", 1, "number", "smallest number of time steps that can produce the given word"),
    Question("collapsed", 1, "text", "the text that the given path produces; - stands for the blank"),
    Question("blank_role", 1, "choice", "what the blank of CTC is for", choices=BLANK_ROLES),
    Question(
        "center_gradient", 1, "choice", "where PaddleOCR's center loss sends its gradient", choices=GRADIENTS
    ),
)


def parameters(seed: int) -> dict:
    """Parameters of the notebook.

    Args:
        seed: of all inputs.

    Returns: seed; number of words for the centers; word and path of two questions.
    """
    rng = np.random.default_rng([seed, 6])
    words = ["balloon", "committee", "success", "coffee", "address", "bookkeeper", "mississippi", "parallel"]
    path = inputs.draw_path(rng, 6, repeats=2)
    return {
        "seed": seed,
        "words": 120,
        "word": str(rng.choice(words)),
        "path": "".join("-" if c == BLANK else inputs.SMALL.characters[c - 1] for c in path),
    }


def collapse(path: str) -> str:
    """Text of a path.

    Args:
        path: one character per time step, - for the blank.
    """
    return "".join(c for c, _ in itertools.groupby(path)).replace("-", "")


def _without_blanks_first(path: str) -> str:
    return "".join(c for c, _ in itertools.groupby(path.replace("-", "")))


def _decoded(probs, alphabet: Alphabet, *, merge: bool = True) -> list[str]:
    """Texts of lines; without merging, every time step that is not blank gives a character."""
    if merge:
        return [reading.text for reading in greedy_decode(probs, alphabet)]
    return [alphabet.decode(steps.argmax(1)) for steps in probs]


def distances(centers: np.ndarray, known: list[int], alphabet: Alphabet) -> dict[str, float]:
    """Distance between the centers of every two characters.

    Args:
        centers: (K, D).
        known: classes with a center.
        alphabet: characters of the classes.

    Returns: Euclidean distances by pair; a pair is written in the order of the code points.
    """
    pairs = itertools.combinations([c for c in known if c != BLANK], 2)
    return {
        "".join(sorted(alphabet.decode(pair))): float(np.linalg.norm(centers[pair[0]] - centers[pair[1]]))
        for pair in pairs
    }


def _pairs_rule(between: dict[str, float]) -> Rule:
    limit = max(sorted(between.values())[:PAIRS], default=0) * 1.01

    def rule(answer):
        pairs = {"".join(sorted(pair)) for pair in answer[: 10 * PAIRS]}
        if len(answer) != PAIRS or len(pairs) != PAIRS:
            return 0.0, f"{len(answer)} texts with {len(pairs)} different pairs; {PAIRS} are needed."
        near = [pair for pair in pairs if between.get(pair, np.inf) <= limit]
        if len(near) == PAIRS:
            return 1.0, RIGHT
        wrong = sorted(pairs - set(near))[0][:10]
        return len(
            near
        ) / PAIRS, f"{len(near)} of {PAIRS} pairs are among the closest; {wrong!r} is not one of them."

    return rule


def score(given: Mapping, answers: Mapping[str, Answer]) -> list[Mark]:
    """Score a submission.

    Args:
        given: parameters of the notebook.
        answers: checked answers by the id of the question.

    Returns: marks of the answered questions.
    """
    seed = given["seed"]
    probs = inputs.draw_probabilities(seed)
    readings = greedy_decode(probs, inputs.SMALL)
    over_all_steps = [float(steps.max(1).mean()) for steps in probs]
    labels = [inputs.SMALL.encode(text) for text in inputs.draw_labels(seed)]
    losses = [-log_likelihood(np.log(line), label) for line, label in zip(probs, labels, strict=False)]
    found = inputs.recognized_words(seed, given["words"])
    classes, width = found.alphabet.classes, found.feats.shape[2]
    read = _decoded(found.logits, found.alphabet)
    right = np.array([a == b for a, b in zip(read, found.texts, strict=True)])
    centers, of_all = np.zeros((2, classes, width), np.float32)
    for target, chosen_words in ((centers, right), (of_all, np.ones_like(right))):
        for index, center in class_centers(found.feats, found.logits, chosen_words, classes).items():
            target[index] = center
    known = np.nonzero(np.abs(centers).sum(1))[0]
    centers_rule = _centers_rule(centers, of_all, known)
    # Answers that follow from the centers are scored with the student's centers, so that a mistake counts only once.
    own = answers.get("centers")
    used = centers if own is None or centers_rule(own)[0] == 0 else np.asarray(own)
    used_classes = np.nonzero(np.abs(used).sum(1))[0].tolist()
    loss = CenterLoss(classes, width, centers=used)
    center_loss, of_right = (
        float(loss(paddle.to_tensor(found.feats[chosen_words]), paddle.to_tensor(found.logits[chosen_words])))
        for chosen_words in (np.ones_like(right), right)
    )
    rules = {
        "texts": same_texts(
            [reading.text for reading in readings],
            mistakes=(
                Mistake(
                    _decoded(probs, inputs.SMALL, merge=False), "Runs of the same class are not merged.", 0.3
                ),
                Mistake(
                    [_without_blanks_first(text) for text in _decoded(probs, inputs.SMALL, merge=False)],
                    "Blanks are removed before runs are merged, so repeated characters are lost.",
                    0.4,
                ),
            ),
        ),
        "scores": close(
            [reading.score for reading in readings],
            mistakes=(
                Mistake(
                    over_all_steps,
                    "The mean runs over all time steps; only the first step of each character counts.",
                    0.4,
                ),
            ),
        ),
        "losses": close(losses, mistakes=(Mistake(-np.array(losses), "The sign is missing.", 0.7),)),
        "centers": centers_rule,
        "center_loss": close(
            center_loss,
            relative=5e-3,
            mistakes=(
                Mistake(center_loss / width, "Squares are averaged over the features; they are summed.", 0.5),
                Mistake(of_right, "The loss is computed on the words that were read correctly only.", 0.5),
            ),
        ),
        "look_alikes": _pairs_rule(distances(used, used_classes, found.alphabet)),
        "least_steps": close(
            needed_steps([ord(c) for c in given["word"]]),
            relative=0,
            absolute=0.01,
            mistakes=(Mistake(len(given["word"]), "Equal neighbors need a blank between them.", 0.5),),
        ),
        "collapsed": _text_rule(given["path"]),
        "blank_role": chosen(BLANK_ROLES[0], "The space is a character of its own; CTC has no end mark."),
        "center_gradient": chosen(
            GRADIENTS[0], "The centers are computed before the training and stay as they are."
        ),
    }
    return give_marks(QUESTIONS, rules, answers)


def _text_rule(path: str) -> Rule:
    right, blanks_first = collapse(path), _without_blanks_first(path)

    def rule(answer):
        if answer == right:
            return 1.0, RIGHT
        if answer == blanks_first:
            return 0.5, "Merge runs first and remove the blanks afterwards, or repeated characters are lost."
        return 0.0, f"Yours is {answer[:60]!r}, right is {right!r}."

    return rule


def _centers_rule(centers: np.ndarray, of_all: np.ndarray, known: np.ndarray) -> Rule:
    """Only rows of classes that occur are compared, so that an array of zeros gets no points.

    Two centers may differ: where two classes are equally probable, rounding decides which one a time step belongs to.
    """

    def rule(answer):
        if answer.shape != centers.shape:
            return 0.0, f"The shape is {answer.shape}; {centers.shape} is needed."
        others = np.delete(answer, known, axis=0)
        if np.abs(answer - of_all).max() < 2e-3 < np.abs(centers - of_all).max():
            return 0.5, "The words that were misread must not contribute to the centers."
        good = np.abs(answer[known] - centers[known]).max(1) < 2e-3
        nearly_all = good.sum() >= len(known) - 2
        if nearly_all and not others.any():
            return 1.0, RIGHT
        if nearly_all:
            return 0.8, "Classes without features have centers that are not 0."
        return float(good.mean()), f"{int(good.sum())} of {len(known)} centers are right."

    return rule


ASSIGNMENT = Assignment(
    "ctc_and_centers", "CTC: decoding, loss and class centers", QUESTIONS, parameters, score
)
