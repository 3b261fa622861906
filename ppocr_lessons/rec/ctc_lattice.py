"""The alignment lattice of CTC: forward and backward probabilities, their posterior, and the gradient (chapter 2.3).

The states of the lattice are the characters of the text with a blank before, between and after them. A path starts in
one of the first two states, stays or advances at every time step, and ends in one of the last two. All functions
process a single line and use natural logarithms, because products over many time steps underflow.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from .alphabet import BLANK
from .ctc_decode import collapse

MOST_PATHS = 2_000_000
"""Maximum number of sequences that `paths_of` tries."""


def lattice_states(label: Sequence[int]) -> np.ndarray:
    """Interleave a label with blanks.

    Args:
        label: L classes, none of them the blank.

    Returns: (2 L + 1,) class of each state.
    """
    states = np.full(2 * len(label) + 1, BLANK)
    states[1::2] = label
    return states


def skips(label: Sequence[int]) -> np.ndarray:
    """Find the states that can be entered from two states earlier, which skips the blank between two characters.

    Two equal characters need the blank between them, because otherwise they would be read as one character.

    Args:
        label: L classes, none of them the blank.

    Returns: (2 L + 1,) bool.
    """
    states = lattice_states(label)
    allowed = np.zeros(len(states), bool)
    allowed[2:] = (states[2:] != BLANK) & (states[2:] != states[:-2])
    return allowed


def needed_steps(label: Sequence[int]) -> int:
    """Minimum number of time steps for a label: one per character, and one more for each repeated character.

    Args:
        label: classes, none of them the blank.

    Returns: the number; 0 for an empty label.
    """
    return len(label) + sum(a == b for a, b in itertools.pairwise(label))


def forward(log_probs: np.ndarray, label: Sequence[int]) -> np.ndarray:
    """Sum the probabilities of all path prefixes that reach each state at each time step.

        alpha(t, s) = (alpha(t-1, s) + alpha(t-1, s-1) + alpha(t-1, s-2) if s may be entered by a skip) p(t, class of s)

    Args:
        log_probs: (T, K) logarithm of the probability of each class at each time step.
        label: L classes in 1..K - 1.

    Returns: (T, 2 L + 1), ln alpha; the probability of time step t is included.

    Raises:
        ValueError: log_probs is not two-dimensional or has no time step, or a class of the label is out of range.
    Paper: Graves et al. 2006, equations 5 to 7.
    """
    _check(log_probs, label)
    states, allowed = lattice_states(label), skips(label)
    emitted = np.asarray(log_probs, float)[:, states]  # (T, K) -> (T, 2 L + 1)
    alpha = np.full_like(emitted, -np.inf)
    alpha[0, :2] = emitted[0, :2]
    for t in range(1, len(alpha)):
        alpha[t] = _advance(alpha[t - 1], allowed) + emitted[t]
    return alpha


def backward(log_probs: np.ndarray, label: Sequence[int]) -> np.ndarray:
    """Sum the probabilities of all path suffixes that start from each state at each time step.

    Args:
        log_probs: (T, K) logarithm of the probability of each class at each time step.
        label: L classes in 1..K - 1.

    Returns: (T, 2 L + 1), ln beta; the probability of time step t is not included, so that alpha beta is the
        probability of all paths that pass through a state at a time step.

    Raises:
        ValueError: see `forward`.
    Paper: Graves et al. 2006, equations 9 to 11, where beta includes the time step.
    """
    _check(log_probs, label)
    emitted = np.asarray(log_probs, float)[:, lattice_states(label)]  # (T, K) -> (T, 2 L + 1)
    # Read backward, the lattice is that of the reversed label.
    allowed = skips(label[::-1])
    beta = np.full_like(emitted, -np.inf)
    beta[-1, -2:] = 0.0
    for t in range(len(beta) - 2, -1, -1):
        beta[t] = _advance((beta[t + 1] + emitted[t + 1])[::-1], allowed)[::-1]
    return beta


def log_likelihood(log_probs: np.ndarray, label: Sequence[int]) -> float:
    """Logarithm of the probability of a text: the sum over all of its paths. The CTC loss is its negative.

    Args:
        log_probs: (T, K) logarithm of the probability of each class at each time step.
        label: L classes in 1..K - 1.

    Returns: ln P; minus infinity if no path exists, that is, if `needed_steps(label)` is larger than T.

    Raises:
        ValueError: see `forward`.
    """
    return float(np.logaddexp.reduce(forward(log_probs, label)[-1, -2:]))


def posterior(log_probs: np.ndarray, label: Sequence[int]) -> np.ndarray:
    """Probability of each state at each time step, given that the text is the label: alpha beta / P.

    Args:
        log_probs: (T, K) logarithm of the probability of each class at each time step.
        label: L classes in 1..K - 1.

    Returns: (T, 2 L + 1); the states of each time step add up to 1.

    Raises:
        ValueError: see `forward`; or the label has no path, because there are too few time steps or because a
            probability is 0 on every path.
    """
    steps, needed = len(log_probs), needed_steps(label)
    if steps < needed:
        repeats = needed - len(label)
        raise ValueError(
            f"the label has {len(label)} characters and {repeats} repeated ones, which needs {needed} time steps, but there "
            f"are {steps}: the CTC loss is infinite and has no gradient"
        )
    alpha, beta = forward(log_probs, label), backward(log_probs, label)
    total = np.logaddexp.reduce(alpha[-1, -2:])
    if total == -np.inf:
        raise ValueError(
            "every path of the label has probability 0: the CTC loss is infinite and has no gradient"
        )
    return np.exp(alpha + beta - total)


def class_posterior(log_probs: np.ndarray, label: Sequence[int]) -> np.ndarray:
    """Probability of each class at each time step, given that the text is the label.

    Args:
        log_probs: (T, K) logarithm of the probability of each class at each time step.
        label: L classes in 1..K - 1.

    Returns: (T, K); the classes of each time step add up to 1.

    Raises:
        ValueError: see `posterior`.
    """
    by_state = posterior(log_probs, label)
    # A class has several states if the text repeats it, as the blank always does.
    members = lattice_states(label)[:, None] == np.arange(np.shape(log_probs)[1])  # (2 L + 1, K)
    return by_state @ members  # (T, 2 L + 1) (2 L + 1, K) -> (T, K)


def gradient(log_probs: np.ndarray, label: Sequence[int]) -> np.ndarray:
    """Gradient of the CTC loss with respect to the logits: probability minus posterior.

    Args:
        log_probs: (T, K) logarithm of the softmax of the logits.
        label: L classes in 1..K - 1.

    Returns: (T, K); the classes of each time step add up to 0.

    Raises:
        ValueError: see `posterior`.
    Paper: Graves et al. 2006, equation 16.
    """
    return np.exp(log_probs) - class_posterior(log_probs, label)


def paths_of(label: Sequence[int], steps: int, classes: int) -> Iterator[tuple[int, ...]]:
    """Find all paths of a label by trying every sequence of classes, without a lattice.

    Args:
        label: classes in 1..classes - 1.
        steps: number of time steps, T.
        classes: number of classes, K, including the blank.

    Returns: iterator over the paths, each a tuple of T classes.

    Raises:
        ValueError: K^T is larger than MOST_PATHS.
    """
    if classes**steps > MOST_PATHS:
        raise ValueError(
            f"{classes} classes at {steps} time steps have more than {MOST_PATHS:,} paths, too many to try them all"
        )
    wanted = list(label)
    tried = itertools.product(range(classes), repeat=steps)
    return (path for path in tried if np.asarray(path)[collapse(path)].tolist() == wanted)


def _advance(log_sums: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Log sum over the predecessors of each state: itself, the previous state, and with a skip the one before that."""
    from_before = np.concatenate([[-np.inf], log_sums[:-1]])
    from_skip = np.concatenate([[-np.inf, -np.inf], log_sums[:-2]])[: len(log_sums)]
    return np.logaddexp.reduce([log_sums, from_before, np.where(allowed, from_skip, -np.inf)])


def _check(log_probs, label) -> None:
    shape = np.shape(log_probs)
    if len(shape) != 2 or not shape[0]:
        raise ValueError(f"log_probs has shape {shape}; (T, K) with at least one time step is needed")
    wrong = sorted({int(c) for c in label if not BLANK < c < shape[1]})
    if wrong:
        raise ValueError(f"the label contains the classes {wrong}; 1 to {shape[1] - 1} are characters")
