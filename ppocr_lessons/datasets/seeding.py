"""Where randomness comes from: the place in a run, and nothing that is carried along."""

import numpy as np


def rng_for(seed: int, *place: int) -> np.random.Generator:
    """The random generator of one place in a run: (seed, step), or (seed, step, sample).

    Nothing random is carried from step to step, so a resumed run needs to know only its step.

    Args:
        seed: of the run.
        place: whole numbers, from the coarse to the fine; their number counts too.
    """
    # The length goes in too: NumPy takes (1, 2) and (1, 2, 0) for the same seed.
    return np.random.default_rng([len(place), seed, *place])
