"""Heads trained with and without the learned threshold."""

import numpy as np
import pytest

from ppocr_lessons.bench import binarization
from ppocr_lessons.det.db_loss import DBLoss
from ppocr_lessons.det.postprocess import DBPostProcess
from ppocr_lessons.zoo.pretrained import pretrained


@pytest.fixture(scope="module")
def data():
    return binarization.head_data(pretrained("det"), batches=2, pages=3, side=96, size=2, seed=4)


def test_features_belong_to_their_pages(data):
    assert [feats.shape for feats, _ in data.train] == [[2, 96, 24, 24]] * 2
    assert [batch.shrink_map.shape for _, batch in data.train] == [[2, 96, 96]] * 2
    assert [page.image.shape for _, page in data.held_back] == [(96, 96, 3)] * 3
    shipped = binarization.held_back_maps(pretrained("det").head, data)
    assert all(m.prob.shape == (96, 96) for m in shipped)
    hmean = binarization.score_maps([m.prob for m in shipped], data, DBPostProcess()).hmean
    swapped = binarization.score_maps([m.prob for m in shipped[::-1]], data, DBPostProcess()).hmean
    assert hmean > swapped, "the maps of a page are scored with its own labels"


def test_both_trainings_start_from_the_same_weights(data):
    heads = [
        binarization.train_head(data, DBLoss(), learned_threshold=learned, steps=0, seed=3)
        for learned in (False, True)
    ]
    for one, other in zip(*(head.parameters() for head in heads), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_without_a_learned_threshold_its_branch_is_not_trained(data):
    start, alone, whole = (
        binarization.train_head(data, DBLoss(), learned_threshold=learned, steps=steps, seed=3)
        for learned, steps in ((False, 0), (False, 2), (True, 2))
    )
    taps = [head.thresh.conv1.weight.numpy() for head in (start, alone, whole)]
    np.testing.assert_array_equal(taps[1], taps[0])
    assert np.abs(taps[2] - taps[0]).max() > 1e-4
    assert np.abs(alone.binarize.conv1.weight.numpy() - start.binarize.conv1.weight.numpy()).max() > 1e-4
    assert not alone.training


def test_the_binary_map_is_the_step_between_the_other_two(data):
    head = binarization.train_head(data, DBLoss(), learned_threshold=True, steps=1, seed=3)
    for maps in binarization.held_back_maps(head, data):
        np.testing.assert_allclose(maps.binary, 1 / (1 + np.exp(-50 * (maps.prob - maps.thresh))), atol=1e-5)


def test_compare_scores_each_map_of_each_seed_at_each_threshold(data):
    losses = {"Dice": DBLoss(), "cross entropy": DBLoss(main_loss="bce")}
    found = binarization.compare(data, losses, steps=1, seeds=(3, 4), box_thresholds=(0.0, 0.5, 1.0), kept=1)
    assert list(found.scores) == list(losses) and set(found.maps) == {
        (n, b) for n in losses for b in (False, True)
    }
    assert all(list(by_name) == list(binarization.READ_OUT) for by_name in found.scores.values())
    for runs in (runs for by_name in found.scores.values() for runs in by_name.values()):
        assert np.array(runs).shape == (2, 3, 3), "seeds, thresholds, and precision, recall, hmean"
        assert all(run[2].recall == 0 for run in runs), "an untrained head is not certain of any box"
    head = binarization.train_head(data, losses["Dice"], learned_threshold=True, steps=1, seed=3)
    maps = binarization.held_back_maps(head, data)
    np.testing.assert_allclose(found.maps["Dice", True].binary, maps[1].binary, atol=1e-6)
    expected = binarization.score_maps([m.binary for m in maps], data, DBPostProcess(box_thresh=0.0))
    assert found.scores["Dice"]["B, read with the learned T"][0][0] == expected
