"""Post-processing against OpenCV's own functions and against loops over pixels."""

import cv2
import numpy as np
import pytest

from ppocr_lessons.det.postprocess import (
    DBPostProcess,
    box_means,
    mean_inside,
    unclip,
    unclip_distance,
    unclip_outline,
)
from ppocr_lessons.polygons import rectangle_corners

BOX = np.array([[10, 10], [110, 10], [110, 30], [10, 30]], np.float32)


def _map(shape=(64, 128), **boxes):
    prob = np.zeros(shape, np.float32)
    for value, (left, top, right, bottom) in boxes.items():
        prob[top:bottom, left:right] = float(value.removeprefix("p")) / 100
    return prob


def test_unclip_distance_by_hand():
    assert unclip_distance(BOX, 1.5) == pytest.approx(2000 * 1.5 / 240)
    assert unclip_distance(BOX[::-1], 2.0) == pytest.approx(2000 * 2 / 240)
    assert unclip_distance(np.zeros((4, 2)), 1.5) == 0.0


def test_unclip_by_hand():
    grow = 2000 * 1.5 / 240
    expected = [
        [10 - grow, 10 - grow],
        [110 + grow, 10 - grow],
        [110 + grow, 30 + grow],
        [10 - grow, 30 + grow],
    ]
    np.testing.assert_allclose(unclip(BOX, 1.5), expected)
    np.testing.assert_allclose(unclip(BOX[::-1], 1.5), expected[::-1])
    np.testing.assert_array_equal(unclip(np.full((2, 4, 2), 7.0), 1.5), np.full((2, 4, 2), 7.0))


def test_unclip_is_the_smallest_rectangle_around_the_grown_outline(rng):
    rectangles = rectangle_corners(
        rng.uniform(200, 300, (20, 2)), rng.uniform(20, 150, (20, 2)), rng.uniform(0, 90, 20)
    )
    for rectangle, grown in zip(rectangles, unclip(rectangles, 1.5), strict=True):
        (outline,) = unclip_outline(rectangle, 1.5)
        _, sides, _ = cv2.minAreaRect(outline)
        ours = np.linalg.norm(grown[:2] - grown[1:3], axis=1)
        np.testing.assert_allclose(
            sorted(ours), sorted(sides), atol=2.5
        )  # the library rounds to whole pixels
        np.testing.assert_allclose(grown.mean(0), rectangle.mean(0))


def _brute_mean(prob, polygon):
    left, top = np.floor(polygon.min(0)).astype(int).clip(0, np.array(prob.shape[::-1]) - 1)
    right, bottom = np.ceil(polygon.max(0)).astype(int).clip(0, np.array(prob.shape[::-1]) - 1)
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(polygon - [left, top]).astype(np.int32)], 1)
    return prob[top : bottom + 1, left : right + 1][mask > 0].mean()


def test_means_inside_polygons(rng):
    prob = rng.random((50, 70)).astype(np.float32)
    centers, sides, angles = (
        rng.uniform(0, (70, 50), (60, 2)),
        rng.uniform(4, 40, (60, 2)),
        rng.uniform(0, 90, 60),
    )
    corners = rectangle_corners(centers, sides, angles).astype(np.float32)
    expected = [_brute_mean(prob, quad) for quad in corners]
    np.testing.assert_allclose([mean_inside(prob, quad) for quad in corners], expected, rtol=1e-5)
    np.testing.assert_allclose(box_means(prob, corners), expected, rtol=1e-5)


def test_a_box_grows_by_area_over_perimeter():
    prob = _map(p90=(20, 20, 100, 40))
    (box,), (score,) = DBPostProcess(unclip_ratio=1.5)(prob, (64, 128))
    # Outlines run through the middles of pixels: 79 x 19, which grow by 2 * 79 * 19 * 1.5 / (2 * 98) in all.
    grow = 79 * 19 * 1.5 / (2 * 98)
    np.testing.assert_array_equal(
        box,
        np.round([[20 - grow, 20 - grow], [99 + grow, 20 - grow], [99 + grow, 39 + grow], [20 - grow, 39 + grow]])
        .clip(0, (128, 64)),
    )  # fmt: skip
    assert score == pytest.approx(0.9) and box.dtype == np.float32


def test_boxes_end_at_the_edge_of_the_picture():
    prob = _map(p90=(0, 0, 128, 64))
    boxes = DBPostProcess()(prob, (128, 512))
    np.testing.assert_array_equal(boxes.polygons[0], [[0, 0], [512, 0], [512, 128], [0, 128]])
    (polygon,) = DBPostProcess(box_type="poly")(prob, (128, 512)).polygons
    assert polygon.min(0).tolist() == [0, 0] and polygon.max(0).tolist() == [512, 128]


def test_width_and_height_have_scales_of_their_own():
    prob = _map(p90=(20, 20, 100, 40))
    for kind in ("quad", "poly"):
        (one,), (large,) = (
            DBPostProcess(box_type=kind)(prob, size).polygons for size in ((64, 128), (128, 640))
        )
        assert np.abs(large.min(0) - one.min(0) * [5, 2]).max() <= 3
        assert np.abs(large.max(0) - one.max(0) * [5, 2]).max() <= 3


@pytest.mark.parametrize(("high", "found"), [(3, 0), (4, 1), (12, 1)])
def test_regions_of_less_than_three_pixels_are_noise(high, found):
    prob = _map(p90=(20, 20, 60, 20 + high))  # outlines are one pixel lower than their region
    assert len(DBPostProcess()(prob, (64, 128)).polygons) == found


def test_boxes_that_hardly_grow_are_noise():
    prob = _map(p90=(20, 20, 60, 24))  # 39 x 3, grows by 2 * 39 * 3 * r / 84
    for ratio, found in ((0.6, 0), (0.8, 1)):
        assert len(DBPostProcess(unclip_ratio=ratio)(prob, (64, 128)).polygons) == found
    square = _map(p90=(20, 20, 24, 24))
    for ratio, found in ((0.5, 0), (1.5, 1)):
        assert len(DBPostProcess(unclip_ratio=ratio, box_type="poly")(square, (64, 128)).polygons) == found


def test_a_pixel_at_the_threshold_is_no_text():
    prob = _map(p50=(20, 20, 100, 40))
    for thresh, found in ((0.5, 0), (0.49, 1)):
        for kind in ("quad", "poly"):
            post = DBPostProcess(thresh=thresh, box_thresh=0.1, box_type=kind)
            assert len(post(prob, (64, 128)).polygons) == found
            assert post.binarize(prob).sum() == found * 80 * 20 and post.binarize(prob).dtype == np.uint8


def test_a_score_that_reaches_the_threshold_is_kept():
    prob = _map(p50=(20, 20, 100, 40))
    for box_thresh, found in ((0.5, 1), (0.51, 0)):
        for kind in ("quad", "poly"):
            assert len(DBPostProcess(box_thresh=box_thresh, box_type=kind)(prob, (64, 128)).polygons) == found


def test_dilation_thickens_to_the_right_and_below():
    prob = _map(p90=(20, 20, 22, 23))
    thick = DBPostProcess(use_dilation=True).binarize(prob)
    ys, xs = np.nonzero(thick)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (20, 22, 20, 23) and thick.sum() == 12


def test_slow_scores_follow_the_outline():
    """A triangle fills half of its rectangle: inside it all is 0.8, in the rectangle the mean is half of that."""
    prob = np.zeros((80, 120), np.float32)
    cv2.fillPoly(prob, [np.array([[10, 10], [100, 10], [10, 60]])], 0.8)
    fast, slow = (
        DBPostProcess(score_mode=m, box_thresh=0.1)(prob, (80, 120)).scores for m in ("fast", "slow")
    )
    assert slow[0] == pytest.approx(0.8, abs=0.01) and 0.3 < fast[0] < 0.55


def test_candidates_are_counted_for_polygons_too():
    prob = np.zeros((200, 200), np.float32)
    for y in range(10, 190, 30):
        prob[y : y + 15, 20:180] = 0.9
    for kind in ("quad", "poly"):
        assert [
            len(DBPostProcess(max_candidates=n, box_type=kind)(prob, (200, 200)).polygons) for n in (1, 3, 9)
        ] == [1, 3, 6]


def test_outlines_of_three_points_are_no_polygons():
    prob = np.zeros((80, 120), np.float32)
    cv2.fillPoly(prob, [np.array([[10, 10], [100, 10], [10, 60]])], 0.9)
    boxes = DBPostProcess(box_type="poly", box_thresh=0.1)(prob, (80, 120))
    assert len(boxes.polygons) == len(boxes.scores) <= 1
    quad = _map(p90=(20, 20, 100, 40))
    found = DBPostProcess(box_type="poly")(quad, (64, 128))
    assert (
        len(found.polygons) == 1
        and found.scores[0] == pytest.approx(0.9)
        and found.scores.dtype == np.float32
    )


@pytest.mark.parametrize("value", [0, 1])
def test_thresholds_at_the_ends_are_numbers_like_any_other(value):
    assert DBPostProcess(thresh=value, box_thresh=value).thresh == value


def test_what_is_given_is_kept():
    post = DBPostProcess(
        thresh=0.2,
        box_thresh=0.5,
        unclip_ratio=1.8,
        max_candidates=7,
        score_mode="slow",
        use_dilation=True,
        box_type="poly",
    )
    assert (post.thresh, post.box_thresh, post.unclip_ratio, post.max_candidates) == (0.2, 0.5, 1.8, 7)
    assert (post.score_mode, post.use_dilation, post.box_type) == ("slow", True, "poly")
