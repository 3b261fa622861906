"""Scores from nets whose answers are known."""

import cv2
import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.batches import ClsBatch
from ppocr_lessons.datasets.resize import fit_line, normalize_page
from ppocr_lessons.datasets.synthetic.pages import Line, Page
from ppocr_lessons.det.db_head import DBMaps
from ppocr_lessons.det.postprocess import DBPostProcess
from ppocr_lessons.evaluate import evaluate_det, evaluate_rec, score_classifier
from ppocr_lessons.rec.alphabet import Alphabet


class Seen:
    """A net that keeps its inputs and answers by a function."""

    def __init__(self, answer):
        self.answer, self.inputs = answer, []

    def __call__(self, x):
        assert not paddle.is_grad_enabled()
        self.inputs.append(x.numpy())
        return self.answer(x), None


def _box(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def _page(*boxes, texts=None, size=(100, 200)):
    polygons = np.array(boxes, np.float32).reshape(-1, 4, 2)
    return Page(
        np.random.default_rng(0).integers(0, 255, (*size, 3)).astype(np.uint8),
        polygons,
        texts or ["a"] * len(boxes),
    )


def _core_of_white(left, top, right, bottom):
    """Answer a map that is sure inside a box."""

    def answer(x):
        prob = paddle.zeros([1, 1, *x.shape[2:]])
        prob[0, 0, top:bottom, left:right] = 0.9
        return DBMaps(prob)

    return answer


def test_pages_are_resized_normalized_and_scored():
    net = Seen(_core_of_white(38, 28, 122, 44))
    page = _page(_box(30, 20, 130, 50), _box(10, 60, 90, 90))
    scores = evaluate_det(net, [page, page])
    assert scores == {"precision": 1.0, "recall": 0.5, "hmean": pytest.approx(2 / 3)}
    assert [x.shape for x in net.inputs] == [(1, 3, 96, 192)] * 2
    np.testing.assert_allclose(net.inputs[0][0], normalize_page(cv2.resize(page.image, (192, 96))), rtol=1e-5)


def test_limit_and_rule_set_the_size():
    for options, shape in (
        ({"limit_side_len": 64}, (32, 64)),
        ({"limit_side_len": 200, "limit_type": "min"}, (192, 384)),
        ({"limit_side_len": 736, "limit_type": "max"}, (96, 192)),
    ):
        net = Seen(_core_of_white(0, 0, 0, 0))
        assert evaluate_det(net, [_page(_box(30, 20, 130, 50))], **options) == {
            "precision": 0,
            "recall": 0,
            "hmean": 0,
        }
        assert net.inputs[0].shape[2:] == shape


@pytest.mark.parametrize("text", ["###", "*"])
def test_unreadable_texts_do_not_count(text):
    page = _page(_box(30, 20, 130, 50), texts=[text])
    assert evaluate_det(Seen(_core_of_white(38, 28, 122, 44)), [page])["precision"] == 0
    both = _page(_box(30, 20, 130, 50), _box(10, 60, 90, 90), texts=["a", text])
    assert evaluate_det(Seen(_core_of_white(38, 28, 122, 44)), [both])["hmean"] == 1


def test_the_postprocess_that_is_given_is_used():
    net, page = Seen(_core_of_white(38, 28, 122, 44)), _page(_box(30, 20, 130, 50))
    assert evaluate_det(net, [page], postprocess=DBPostProcess(box_thresh=0.95))["recall"] == 0


AB = Alphabet("ab", use_space=False)


def _spelling(texts):
    """Logits that spell the texts of a batch, blank behind each character."""
    left = iter(texts)

    def answer(x):
        logits = np.zeros((len(x), x.shape[3] // 4, 3), np.float32)
        logits[..., 0] = 5
        for row in logits:
            for step, character in enumerate(next(left)):
                row[2 * step, AB.index[character]] = 9
        return paddle.to_tensor(logits)

    return answer


def _line(width, text):
    return Line(np.random.default_rng(width).integers(0, 255, (16, width, 3)).astype(np.uint8), text)


def test_lines_go_in_the_order_of_their_widths():
    lines = [_line(100, "ab"), _line(10, "a"), _line(60, "b"), _line(30, "ba"), _line(40, "aa")]
    net = Seen(_spelling(["a", "ba", "aa", "bb", "ab"]))
    scores = evaluate_rec(net, lines, AB, batch=2)
    assert scores["acc"] == pytest.approx(4 / 5, abs=1e-4)
    assert scores["norm_edit_dis"] == pytest.approx(1 - 0.5 / 5, abs=1e-4)
    assert [x.shape for x in net.inputs] == [(2, 3, 32, 60), (2, 3, 32, 120), (1, 3, 32, 200)]
    np.testing.assert_array_equal(net.inputs[0][1], fit_line(lines[3].image, 32, 60))


def test_the_narrowest_batch_has_32_pixels():
    net = Seen(_spelling(["a"]))
    assert evaluate_rec(net, [_line(3, "a")], AB)["acc"] == pytest.approx(1, abs=1e-4)
    assert net.inputs[0].shape == (1, 3, 32, 32)


def test_directions_over_batches_of_different_sizes():
    batches = [
        ClsBatch(paddle.to_tensor([[1.0, 0], [0, 1.0], [0, 1.0]]), paddle.to_tensor([0, 1, 0])),
        ClsBatch(paddle.to_tensor([[1.0, 0]]), paddle.to_tensor([0])),
    ]
    assert score_classifier(Seen(lambda x: x), batches) == {"acc": 0.75}
