"""All assignments, by name. Each is defined in its own module in `scoring/`."""

from importlib import import_module

from .assignment import Assignment

NAMES = (
    "read_and_measure",
    "db_targets",
    "smaller_detector",
    "augmentation",
    "distillation",
    "ctc_and_centers",
    "quantize",
)
"""Names of all assignments, in the order of the course."""


def find(name: str) -> Assignment:
    """The assignment of a name.

    Args:
        name: one of NAMES.

    Raises:
        ValueError: an unknown name.
    """
    if name not in NAMES:
        raise ValueError(f"unknown assignment {name!r}; there are {', '.join(NAMES)}")
    return import_module(f"{__package__}.scoring.{name}").ASSIGNMENT
