"""Which time steps count for the centers, their means, and the classes that are left without one."""

import numpy as np

from ppocr_lessons.rec.alphabet import Alphabet
from ppocr_lessons.rec.class_centers import (
    class_centers,
    class_name,
    class_sums,
    classes_without_center,
    means,
    step_classes,
)


def test_centers_of_correct_lines():
    feats = np.array([[[1.0], [3.0]], [[100.0], [100.0]]])
    logits = np.array([[[0, 9], [0, 9]], [[9, 0], [9, 0]]])
    assert {k: v.tolist() for k, v in class_centers(feats, logits, [True, False], 2).items()} == {1: [2.0]}


def test_centers_of_several_classes():
    feats = np.array([[[1.0, 2], [3, 4]], [[5, 6], [7, 8]], [[100, 100], [100, 100]]])
    logits = np.array([[[0, 9, 0], [9, 0, 0]], [[0, 9, 0], [0, 9, 0]], [[0, 0, 9], [0, 0, 9]]])
    centers = class_centers(feats, logits, np.array([True, True, False]), 3)
    assert {k: v.tolist() for k, v in centers.items()} == {0: [3, 4], 1: [13 / 3, 16 / 3]}


def test_only_the_time_steps_of_correct_lines_count_and_blanks_are_among_them():
    logits = np.array([[[9, 0], [0, 9]], [[9, 0], [0, 9]]])
    assert step_classes(logits, [True, False]).tolist() == [[0, 1], [-1, -1]]
    assert step_classes(logits, [0, 1]).tolist() == [[-1, -1], [0, 1]]


def test_sums_of_batches_are_the_sums_of_all_lines():
    rng = np.random.default_rng(3)
    feats, logits = rng.normal(size=(7, 5, 4)), rng.normal(size=(7, 5, 6))
    right = np.array([True, False, True, True, False, True, True])
    parts = [
        class_sums(feats[rows], step_classes(logits[rows], right[rows]), 6)
        for rows in (slice(0, 3), slice(3, 7))
    ]
    joint, labels = means(parts[0].plus(parts[1])), logits.argmax(-1)
    assert parts[0].plus(parts[1]).counts.sum() == 5 * right.sum()
    for k, center in joint.items():
        np.testing.assert_allclose(center, feats[right][labels[right] == k].mean(0), rtol=1e-12)
    assert joint.keys() == class_centers(feats, logits, right, 6).keys() == set(labels[right].ravel())


def test_the_running_mean_of_paddleocr_gives_the_same_centers():
    """`update_center` keeps a running mean in float32; means of sums differ from it by rounding only."""
    rng = np.random.default_rng(4)
    feats, logits = rng.normal(size=(6, 9, 8)).astype(np.float32), rng.normal(size=(6, 9, 5))
    running = {}
    for line, classes in zip(feats, logits.argmax(-1), strict=True):
        for feat, k in zip(line, classes, strict=True):
            mean, count = running.get(k, (np.zeros(8, np.float32), 0))
            running[k] = (mean * count + feat) / (count + 1), count + 1
    found = class_centers(feats, logits, np.ones(6, bool), 5)
    assert found.keys() == running.keys()
    for k, (mean, _) in running.items():
        np.testing.assert_allclose(found[k], mean, atol=1e-6)


def test_no_line_was_read_correctly():
    assert class_centers(np.ones((1, 2, 3)), np.ones((1, 2, 4)), [False], 4) == {}


def test_classes_without_a_center_are_named():
    alphabet = Alphabet("ab")
    assert [class_name(k, alphabet) for k in range(4)] == ["blank", "a", "b", "space"]
    assert classes_without_center({0: 1, 2: 1}, alphabet) == ["a", "space"]
    assert classes_without_center({1, 2, 3}, alphabet) == ["blank"]
    assert classes_without_center(range(4), alphabet) == []
