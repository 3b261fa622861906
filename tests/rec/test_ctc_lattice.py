"""The lattice of CTC: against all paths one by one, and against Paddle's loss and its gradient."""

import numpy as np
import paddle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppocr_lessons.losses.ctc_loss import ctc_losses
from ppocr_lessons.rec import ctc_lattice as lattice
from ppocr_lessons.rec.alphabet import Alphabet


def _log_probs(steps, classes, seed, scale=2.0):
    logits = scale * np.random.default_rng(seed).standard_normal((steps, classes))
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def _probability(log_probs, path):
    return np.exp(sum(log_probs[t, c] for t, c in enumerate(path)))


def test_the_lattice_of_a_repeat_by_hand():
    assert lattice.lattice_states([1, 1, 2]).tolist() == [0, 1, 0, 1, 0, 2, 0]
    assert np.nonzero(lattice.skips([1, 1, 2]))[0].tolist() == [5], "only from the second 1 to the 2"
    assert lattice.lattice_states([]).tolist() == [0]


@pytest.mark.parametrize(
    ("label", "steps"), [([], 0), ([1], 1), ([1, 2], 2), ([1, 1], 3), ([1, 1, 1], 5), ([1, 1, 2, 2], 6)]
)
def test_needed_steps_by_hand(label, steps):
    assert lattice.needed_steps(label) == steps
    if steps:
        assert next(lattice.paths_of(label, steps, 3), None) is not None
        assert next(lattice.paths_of(label, steps - 1, 3), None) is None


def test_uniform_probabilities_count_the_paths():
    # With 3 classes at 3 time steps, "a" has 6 paths: aaa, aa-, a--, -aa, -a-, --a.
    log_probs = np.log(np.full((3, 3), 1 / 3))
    assert np.exp(lattice.log_likelihood(log_probs, [1])) == pytest.approx(6 / 27)
    assert np.exp(lattice.forward(log_probs, [1])[-1] + 3 * np.log(3)).round(6).tolist() == [1, 3, 3]
    assert lattice.log_likelihood(log_probs, []) == pytest.approx(np.log(1 / 27)), "all blanks"


@given(st.lists(st.integers(1, 2), max_size=4), st.integers(1, 6), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_likelihood_and_posterior_are_those_of_all_paths(label, steps, seed):
    log_probs = _log_probs(steps, 3, seed)
    paths = list(lattice.paths_of(label, steps, 3))
    if not paths:
        assert lattice.needed_steps(label) > steps
        assert lattice.log_likelihood(log_probs, label) == -np.inf
        return
    chances = np.array([_probability(log_probs, path) for path in paths])
    assert np.exp(lattice.log_likelihood(log_probs, label)) == pytest.approx(chances.sum(), rel=1e-9)
    expected = np.zeros((steps, 3))
    for path, chance in zip(paths, chances, strict=True):
        expected[np.arange(steps), path] += chance / chances.sum()
    np.testing.assert_allclose(lattice.class_posterior(log_probs, label), expected, atol=1e-9)


@given(st.lists(st.integers(1, 4), max_size=6), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_alpha_and_beta_meet_at_every_time_step(label, seed):
    log_probs = _log_probs(12, 5, seed)
    both = lattice.forward(log_probs, label) + lattice.backward(log_probs, label)
    np.testing.assert_allclose(
        np.logaddexp.reduce(both, axis=1), lattice.log_likelihood(log_probs, label), rtol=1e-9
    )
    np.testing.assert_allclose(lattice.posterior(log_probs, label).sum(1), 1)
    np.testing.assert_allclose(lattice.gradient(log_probs, label).sum(1), 0, atol=1e-12)


@pytest.mark.parametrize("label", [[1, 2, 3], [5, 5, 1], [2], [4, 4, 4, 4]])
def test_loss_and_gradient_equal_those_of_paddle(rng, label):
    logits = paddle.to_tensor(3 * rng.standard_normal((1, 9, 7)), "float32", stop_gradient=False)
    ctc_losses(logits, paddle.to_tensor([label], "int32"), paddle.to_tensor([len(label)])).sum().backward()
    log_probs = paddle.nn.functional.log_softmax(logits, axis=-1).numpy()[0].astype(float)
    loss = ctc_losses(logits, paddle.to_tensor([label], "int32"), paddle.to_tensor([len(label)])).item()
    assert -lattice.log_likelihood(log_probs, label) == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(lattice.gradient(log_probs, label), logits.grad.numpy()[0], atol=1e-5)


def test_hundreds_of_time_steps_do_not_underflow():
    log_probs = _log_probs(900, 30, 1)
    label = np.random.default_rng(2).integers(1, 30, 200).tolist()
    assert -1e4 < lattice.log_likelihood(log_probs, label) < -1000
    assert np.isfinite(lattice.gradient(log_probs, label)).all()


def test_a_text_without_a_path_has_an_infinite_loss_and_no_gradient():
    log_probs = _log_probs(5, 4, 3)
    assert lattice.log_likelihood(log_probs, [1, 1, 1]) > -np.inf
    assert lattice.log_likelihood(log_probs, [1, 1, 1, 2]) == -np.inf
    for function in (lattice.posterior, lattice.class_posterior, lattice.gradient):
        with pytest.raises(
            ValueError, match="4 characters and 2 repeated ones, which needs 6 time steps, but there are 5"
        ):
            function(log_probs, [1, 1, 1, 2])
    never = np.log(np.eye(4)[[0, 0, 0, 0, 0]].clip(1e-300))
    never[never < -600] = -np.inf
    with pytest.raises(ValueError, match="every path of the label has probability 0"):
        lattice.gradient(never, [1])


@pytest.mark.parametrize("label", [[4], [0], [1, -1], [2, 9, 4]])
def test_classes_that_are_no_characters_are_named(label):
    wrong = sorted(c for c in label if not 0 < c < 4)
    for function in (lattice.forward, lattice.backward, lattice.log_likelihood, lattice.gradient):
        with pytest.raises(
            ValueError, match=rf"contains the classes {wrong}".replace("[", r"\[").replace("]", r"\]")
        ):
            function(_log_probs(5, 4, 0), label)


def test_shapes_and_numbers_of_paths_are_checked():
    for bad in (np.zeros((2, 3, 4)), np.zeros((0, 4)), np.zeros(4)):
        with pytest.raises(ValueError, match="at least one time step is needed"):
            lattice.forward(bad, [1])
    with pytest.raises(ValueError, match="96 classes at 20 time steps have more than 2,000,000 paths"):
        lattice.paths_of([1], 20, 96)


def test_a_text_is_encoded_before_it_enters_the_lattice():
    alphabet = Alphabet("abc", use_space=False)
    assert lattice.needed_steps(alphabet.encode("abba")) == 5
    with pytest.raises(ValueError, match="outside the alphabet"):
        alphabet.encode("abd")
