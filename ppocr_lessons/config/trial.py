"""Build what can be built, and tell all problems at once."""

import functools
from dataclasses import replace

from .build import build_nets, context
from .build_data import checked_source
from .configuration import Config
from .schema import Global
from .yaml_file import ConfigError, Problem, raise_for


class Trial:
    """Steps that may fail one by one, and one error for all that failed.

    Args:
        config: that was read.
    """

    def __init__(self, config: Config):
        self.config, self.problems = config, []

    def of(self, place: tuple, build):
        """What a function gives; None, and its problems, if it fails.

        Args:
            place: of what the function is about, for errors that do not say.
            build: function without arguments.
        """
        try:
            return build()
        except ConfigError as error:
            self.problems += error.problems or [Problem(place, str(error))]
        except (ValueError, OSError, ImportError) as error:
            self.problems.append(Problem(place, str(error)))
        return None

    def finish(self) -> None:
        """Raise one error for all that failed.

        Raises:
            ConfigError: names the file, and place, line and reason of each problem.
        """
        raise_for(self.config.path, self.problems, self.config.line)


def problems_beyond(config: Config) -> list[Problem]:
    """Problems of weights, dictionary and labels, of a configuration whose sections did not all pass.

    Args:
        config: with the parts that did pass.
    """
    task = config.task
    nets = {
        name: net
        for name, net in config.nets.items()
        if net.backbone and net.head and (net.neck or task == "cls")
    }
    config = replace(config, settings=config.settings or Global(), nets=nets)
    trial = Trial(config)
    shared = trial.of(("Global",), lambda: context(config))
    if shared and task:
        trial.of(("Architecture",), lambda: build_nets(config, shared, dry=True, report=False))
        for key, part in (("Train", config.train), ("Eval", config.evaluation)):
            if part and (part.dataset.label_file_list or part.dataset.name == "LMDBDataSet"):
                trial.of((key, "dataset"), functools.partial(checked_source, config, part, shared, key))
    return trial.problems
