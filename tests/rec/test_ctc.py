"""Alphabet, decoding, loss."""

import itertools

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppocr_lessons.losses.ctc_loss import PlainCTC, ctc_losses
from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet
from ppocr_lessons.rec.ctc_decode import collapse, greedy_decode

AB = Alphabet("ab", use_space=False)


def _one_hot(classes, k=3):
    return np.eye(k, dtype=np.float32)[classes][None]


@pytest.mark.parametrize(
    ("steps", "text"),
    [([0, 1, 1, 0, 1, 2, 2], "aab"), ([1, 1, 1], "a"), ([0, 0], ""), ([2, 0, 2], "bb"), ([1, 2, 1], "aba")],
)
def test_collapse_by_hand(steps, text):
    assert greedy_decode(_one_hot(steps), AB)[0].text == text


def test_score_is_the_mean_of_what_is_kept():
    probs = np.array([[[0.1, 0.8, 0.1], [0.2, 0.7, 0.1], [0.9, 0.05, 0.05], [0.3, 0.1, 0.6]]], np.float32)
    reading = greedy_decode(probs, AB)[0]
    assert reading.text == "ab" and reading.score == pytest.approx((0.8 + 0.6) / 2)


def test_nothing_read_scores_zero_and_not_nan():
    assert greedy_decode(_one_hot([0, 0, 0]), AB)[0] == ("", 0.0)


def test_shape_is_checked():
    with pytest.raises(ValueError, match=r"\(N, T, 3\) is needed"):
        greedy_decode(np.zeros((1, 4, 5)), AB)


@given(st.text(alphabet=ENGLISH + " ", max_size=30))
def test_encode_and_decode(text):
    alphabet = Alphabet(ENGLISH)
    assert alphabet.decode(alphabet.encode(text)) == text


@given(st.lists(st.integers(0, 4), min_size=1, max_size=20))
def test_collapse_keeps_no_blank_and_no_repeat(classes):
    keep = collapse(classes)
    assert all(classes[i] != 0 for i in np.nonzero(keep)[0])
    merged = [k for k, _ in itertools.groupby(classes) if k != 0]
    assert [classes[i] for i in np.nonzero(keep)[0]] == merged


def test_alphabet_errors(tmp_path):
    with pytest.raises(ValueError, match="duplicate"):
        Alphabet("aba")
    with pytest.raises(ValueError, match="at least one"):
        Alphabet("", use_space=False)
    with pytest.raises(ValueError, match=r"outside the alphabet: \['ß'\]"):
        AB.encode("aß")
    bad = tmp_path / "dict.txt"
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"dict\.txt"):
        Alphabet.from_file(bad)


def test_dictionary_file_with_bom_and_crlf(tmp_path):
    path = tmp_path / "dict.txt"
    path.write_bytes("\ufeffa\r\nb\r\n".encode())
    assert Alphabet.from_file(path).characters == ["a", "b", " "]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a\nbc\nd\n", "line 2: 2 characters, 'bc'"),
        (b"a\np\t\n", r"line 2: 2 characters, 'p\\t'"),  # as in PaddleOCR's German one
        (b"a\n\nb\n", "line 2: an empty line"),
        (b"a\n\n\n", "line 2: an empty line; line 3: an empty line"),
        (b"a\nb\na\n", "line 3: 'a' is a duplicate of line 1"),
        (b"ab\ncd\n" * 30, r"line 1: .*line 10: .*; \.\.\. and 50 more"),
        (b"", "no lines"),
        (b"\xef\xbb\xbf", "no lines"),
        (b"\xff", "not a dictionary"),
    ],
)
def test_dictionary_files_that_are_none(content, said, tmp_path):
    (tmp_path / "dict.txt").write_bytes(content)
    with pytest.raises(ValueError, match=rf"dict\.txt: .*{said}") as caught:
        Alphabet.from_file(tmp_path / "dict.txt")
    assert "\n" not in str(caught.value)


def test_places_that_are_no_dictionary(tmp_path):
    for path, said in (
        (tmp_path, "not a file"),
        ("/dev/zero", "not a file"),
        (tmp_path / "gone", "No such file"),
    ):
        with pytest.raises(ValueError, match=said):
            Alphabet.from_file(path)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(11_000_000)
    with pytest.raises(ValueError, match="more than 10,000,000 bytes"):
        Alphabet.from_file(tmp_path / "large")


def test_a_dictionary_may_end_with_the_space(tmp_path):
    (tmp_path / "dict.txt").write_bytes(b"a\n \n")
    assert Alphabet.from_file(tmp_path / "dict.txt").characters == ["a", " ", " "]
    assert Alphabet.from_file(tmp_path / "dict.txt", use_space=False).characters == ["a", " "]


def test_english_has_96_classes():
    assert Alphabet(ENGLISH).classes == 96


def test_loss_equals_the_sum_over_all_alignments(rng):
    logits = rng.standard_normal((1, 4, 3)).astype(np.float32)
    probs = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(3), repeat=4):
        if AB.decode([path[i] for i in np.nonzero(collapse(path))[0]]) == "ab":
            total += np.prod([probs[0, t, c] for t, c in enumerate(path)])
    loss = ctc_losses(
        paddle.to_tensor(logits),
        paddle.to_tensor(np.array([[1, 2]], np.int32)),
        paddle.to_tensor(np.array([2])),
    )
    assert float(loss.sum()) == pytest.approx(-np.log(total), rel=1e-4)


def test_strategy_names_its_part(rng):
    from ppocr_lessons.datasets.batches import RecBatch
    from ppocr_lessons.datasets.synthetic.streams import encode_labels
    from ppocr_lessons.rec import crnn_mobile

    alphabet = Alphabet(ENGLISH)
    batch = RecBatch(paddle.randn([2, 3, 32, 64]), *encode_labels(["ab", "c d"], alphabet))
    result = PlainCTC(crnn_mobile(alphabet.classes))(batch)
    assert list(result.parts) == ["ctc"] and float(result.loss) > 0
    assert result.outputs.shape == [2, 16, 96]
