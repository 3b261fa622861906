"""Synthetic batches: what is cut off is ignored, texts grow with the run, and a step is a function of its number."""

import numpy as np
import pytest

from ppocr_lessons.datasets.synthetic import streams
from ppocr_lessons.datasets.synthetic.pages import Line, Page
from ppocr_lessons.datasets.synthetic.streams import (
    REC_CURRICULUM,
    REC_SHAPES,
    clean_share,
    cls_batch,
    crop_page,
    det_batch,
    encode_labels,
    rec_batch,
)
from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet
from ppocr_lessons.rec.ctc_lattice import needed_steps

ALPHABET = Alphabet(ENGLISH)


@pytest.fixture
def lengths_asked(monkeypatch):
    """Lengths of text that were asked for."""
    asked, draw = [], streams.english_line
    monkeypatch.setattr(
        streams, "english_line", lambda rng, length: (asked.append(length), draw(rng, length))[1]
    )
    return asked


class Corner:
    """A generator whose integers are given."""

    def __init__(self, *values):
        self.values = list(values)

    def integers(self, high):
        assert self.values[0] < high
        return self.values.pop(0)


def _box(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_crops_ignore_what_is_cut_in_half():
    boxes = [
        _box(10, 5, 40, 15),  # whole
        _box(-9 + 10, 20, 10 + 10, 30),  # 10 of 19 pixels are left
        _box(-11 + 10, 40, 10 + 10, 50),  # 10 of 21
        _box(0, 60, 10, 70),  # left of the square: no pixel is left
        _box(90, 70, 130, 90),  # 19 of 40, and above the lower edge in full
        _box(9.4, 60, 10.4, 70),  # of 1 pixel less than a half, and yet something
    ]
    image = np.arange(120 * 140 * 3).reshape(120, 140, 3).astype(np.uint8)
    page = Page(image, np.array(boxes, np.float32), list("abcdef"))
    cut, polygons, ignored = crop_page(Corner(4, 10), page, 100)
    np.testing.assert_array_equal(cut, image[4:104, 10:110])
    assert ignored.tolist() == [False, False, True, True, True]
    np.testing.assert_array_equal(polygons[0], np.array(_box(0, 1, 30, 11), np.float32))
    np.testing.assert_array_equal(polygons[3], np.array(_box(80, 66, 99, 86), np.float32))


def test_every_place_of_a_crop_can_be_drawn(rng):
    image = np.arange(9, dtype=np.uint8).reshape(3, 3)[..., None].repeat(3, 2)
    page = Page(image, np.zeros((0, 4, 2), np.float32), [])
    corners = {int(crop_page(rng, page, 2)[0][0, 0, 0]) for _ in range(100)}
    assert corners == {0, 1, 3, 4}


def test_ignored_texts_of_a_crop_are_masked_in_the_batch(monkeypatch):
    """Half of a text left of the square: it is no text to learn, and no background either."""
    page = Page(np.zeros((64, 64, 3), np.uint8), np.array([_box(-41, 10, 30, 40)], np.float32), ["a"])
    monkeypatch.setattr(streams, "render_page", lambda rng, size: page)
    monkeypatch.setattr(streams, "rng_for", lambda *place: Always(0.0))
    batch = det_batch(1, 0, size=1, side=64)
    assert batch.images.shape == [1, 3, 64, 64]
    assert not batch.shrink_map.numpy().any() and batch.shrink_mask.numpy()[0, 25, 15] == 0


class Always:
    """A generator that draws one number."""

    def __init__(self, value):
        self.value = value

    def random(self):
        return self.value

    def integers(self, *limits):
        return 0

    def uniform(self, low, high):
        return low


@pytest.mark.parametrize(("kind", "drawn"), [(0.39, 64), (0.41, 128), (0.74, 128), (0.76, 70)])
def test_kinds_of_pages(monkeypatch, kind, drawn):
    sizes = []

    def render(rng, size):
        sizes.append(size)
        height, width = size
        return Page(np.zeros((*size, 3), np.uint8), np.array([_box(0, 0, width, height)], np.float32), ["a"])

    kept = []
    make = streams.make_targets
    monkeypatch.setattr(streams, "render_page", render)
    monkeypatch.setattr(streams, "rng_for", lambda *place: Always(kind))
    monkeypatch.setattr(streams, "make_targets", lambda *given: (kept.append(given), make(*given))[1])
    det_batch(1, 0, size=1, side=64)
    assert sizes == [(drawn, drawn)]
    # Cut off at the edge of the square, or shrunk into it.
    ((polygons, ignored, shape),) = kept
    assert polygons.max() == 63 and shape == (64, 64) and ignored.tolist() == [drawn == 128]


def test_a_step_is_a_function_of_seed_and_number():
    def numbers(batch):
        return [tensor.numpy() for tensor in batch]

    makers = (
        lambda seed, step: det_batch(seed, step, size=2, side=96),
        lambda seed, step: cls_batch(seed, step, 100, size=4),
        lambda seed, step: rec_batch(seed, step, 100, ALPHABET),
    )
    for make in makers:
        first, again = numbers(make(3, 5)), numbers(make(3, 5))
        for one, other in zip(first, again, strict=True):
            np.testing.assert_array_equal(one, other)
        for other in (make(4, 5), make(3, 6)):
            other = numbers(other)[0]
            assert other.shape != first[0].shape or (other != first[0]).any()
        assert len(np.unique(first[0].reshape(len(first[0]), -1), axis=0)) == len(first[0])


def test_shares_of_clean_lines():
    assert [clean_share(step, 100) for step in (0, 5, 25, 90)] == [1.0, pytest.approx(0.8), 0.0, 0.0]


def _flat(batch):
    """Lines whose background is one color, as clean ones have it."""
    return [len(np.unique(image[:, 0, :3])) == 1 for image in batch.images.numpy()]


def test_clean_lines_come_first():
    assert all(_flat(cls_batch(1, 0, 100, size=8))) and not all(_flat(cls_batch(1, 0, size=8)))
    assert not all(_flat(cls_batch(1, 30, 100, size=8)))


def test_half_of_the_directions_are_turned(monkeypatch, lengths_asked):
    labels = np.concatenate([cls_batch(1, step, size=16).labels.numpy() for step in range(8)])
    assert 45 < labels.sum() < 83
    upright, render = [], streams.render_line
    monkeypatch.setattr(
        streams, "render_line", lambda *a, **k: (upright.append(render(*a, **k)), upright[-1])[1]
    )
    batch = cls_batch(2, 0, 100, size=8)
    assert set(batch.labels.numpy()) == {0, 1} and batch.images.shape == [8, 3, 48, 192]
    assert min(lengths_asked) == 6 and max(lengths_asked) == 30
    for image, label, line in zip(batch.images.numpy(), batch.labels.numpy(), upright, strict=True):
        shown = line.image[::-1, ::-1] if label else line.image
        np.testing.assert_array_equal(image, streams.fit_line(shown, 48, 192))


def _lengths(step, steps, count=12):
    widths, longest = [], []
    for seed in range(count):
        batch = rec_batch(seed, step, steps, ALPHABET)
        widths.append(batch.images.shape[3])
        longest.append(int(batch.lengths.numpy().max()))
    return widths, longest


def test_the_curriculum_grows(monkeypatch):
    """Until 3 % of the run characters alone; words from then on; whole lines from 22 % on."""
    monkeypatch.setattr(
        streams, "render_line", lambda rng, text, clean: Line(np.zeros((8, 8, 3), np.uint8), text)
    )
    monotone = [until for until, _ in REC_CURRICULUM]
    assert monotone == sorted(monotone) and monotone[-1] == 1
    for _, odds in REC_CURRICULUM:
        assert sum(odds) == pytest.approx(1) and len(odds) == len(REC_SHAPES)
    widths, longest = _lengths(0, 1000)
    assert set(widths) == {32} and set(longest) == {1}
    assert set(_lengths(29, 1000)[0]) == {32}
    widths, longest = _lengths(30, 1000)
    assert set(widths) == {32, 64} and max(longest) <= 4
    assert set(_lengths(80, 1000)[0]) == {64, 128}
    widths, longest = _lengths(220, 1000, 30)
    assert set(widths) == {64, 128, 320, 640} and max(longest) > 32
    assert max(_lengths(999, 1000, 1)[0]) in {64, 128, 320, 640}


@pytest.mark.parametrize(("shape", "shortest"), [(0, 1), (1, 1), (2, 2), (3, 6), (4, 16)])
def test_lines_of_a_shape_fit_it(monkeypatch, lengths_asked, shape, shortest):
    width, lines, longest = REC_SHAPES[shape]
    odds = tuple(float(number == shape) for number in range(len(REC_SHAPES)))
    monkeypatch.setattr(streams, "REC_CURRICULUM", ((1.0, odds),))
    batches = [rec_batch(1, step, 100, ALPHABET) for step in (50, 51, 52)]
    assert all(batch.images.shape == [lines, 3, 32, width] for batch in batches)
    assert min(lengths_asked) >= shortest and max(lengths_asked) == longest
    assert all(
        1 <= batch.lengths.numpy().min() <= batch.lengths.numpy().max() <= longest for batch in batches
    )


def test_labels_are_padded_with_the_blank():
    labels, lengths = encode_labels(["ab", "a", "abc"], Alphabet("abc", use_space=False))
    assert labels.numpy().tolist() == [[1, 2, 0], [1, 0, 0], [1, 2, 3]] and labels.dtype.name == "INT32"
    assert lengths.numpy().tolist() == [2, 1, 3]


def test_the_longest_text_of_each_width_has_a_finite_loss_even_if_it_repeats_one_character():
    for width, _, longest in REC_SHAPES:
        assert needed_steps([1] * longest) <= width // 4, f"{width} pixels are {width // 4} time steps"
