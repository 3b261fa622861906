"""Random generators that depend only on the seed and the position in a run."""

import numpy as np


def rng_for(seed: int, *place: int) -> np.random.Generator:
    """Make the random generator of one position in a run, such as (seed, step) or (seed, epoch, sample).

    No random state is carried from step to step, so a resumed run needs to know only its step.

    Args:
        seed: of the run.
        place: integers, from coarse to fine. Positions of different length have different generators.

    Returns: a new generator.
    """
    # The length is part of the entropy because NumPy treats (1, 2) and (1, 2, 0) as the same seed.
    return np.random.default_rng([len(place), seed, *place])
