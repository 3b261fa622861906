"""The configurations without and with a strategy, from the index in strategies.py."""

import json
import pathlib
from collections.abc import Sequence

from ..strategies import ABSENT, Strategy
from .configuration import Config
from .read import read_config

FOLDER = pathlib.Path(__file__).parent


def overrides_of(values: dict) -> list[str]:
    """Convert the values of a row of the index to overrides.

    Args:
        values: `before` or `after` of a strategy.

    Returns: overrides as after `-o`, one per key.
    """
    return [
        f"~{place}" if value == ABSENT else f"{place}={json.dumps(value)}" for place, value in values.items()
    ]


def strategy_configs(strategy: Strategy, overrides: Sequence[str] = ()) -> tuple[Config, Config]:
    """Read the configurations without and with a strategy; `diff(before.values, after.values)` shows the difference.

    Args:
        strategy: row of the index; see `strategies.get`.
        overrides: further overrides for both configurations, such as paths of the data.

    Returns: the configurations before and after.

    Raises:
        ValueError: the strategy is not implemented yet.
        ConfigError: see `read_config`.
    """
    if not strategy.done:
        raise ValueError(f"strategy {strategy.key!r} is not implemented yet")
    before = FOLDER / (strategy.config_before or strategy.config)
    return (
        read_config(before, [*overrides_of(strategy.before), *overrides]),
        read_config(FOLDER / strategy.config, [*overrides_of(strategy.after), *overrides]),
    )
