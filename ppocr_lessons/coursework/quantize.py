"""Inputs of the assignment on PACT and quantization to few bits."""

import numpy as np

CLIP, GRADIENT, WEIGHTS, ACTIVATIONS = range(4)
"""Numbers of the random streams of a seed, one for each purpose."""


def draw_values(seed: int, count: int = 200) -> tuple[np.ndarray, float, np.ndarray]:
    """Draw activations with a clipping bound, and the gradient that comes from the next layer.

    Args:
        seed: of the assignment.
        count: number of activations.

    Returns: (count,) float64 activations; the bound alpha; (count,) float64 gradient of the loss.
    """
    rng = np.random.default_rng([seed, CLIP])
    return rng.normal(0, 2, count), float(rng.uniform(1.5, 2.5)), rng.normal(0, 1, count)


def draw_weights(seed: int, channels: int = 8) -> np.ndarray:
    """Draw the weights of a convolution; the channels differ in size.

    Args:
        seed: of the assignment.
        channels: number of output channels.

    Returns: (channels, 4, 3, 3) float64.
    """
    rng = np.random.default_rng([seed, WEIGHTS])
    return rng.normal(0, 1, (channels, 4, 3, 3)) * rng.uniform(0.05, 1, (channels, 1, 1, 1))


def draw_activations(seed: int, count: int = 4000) -> np.ndarray:
    """Draw activations of which one in a hundred is an outlier.

    Args:
        seed: of the assignment.
        count: number of activations.

    Returns: (count,) float64.
    """
    rng = np.random.default_rng([seed, ACTIVATIONS])
    scale = np.where(rng.random(count) < 0.01, 8.0, 1.0)
    return rng.normal(0, rng.uniform(0.8, 1.2), count) * scale
