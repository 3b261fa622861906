"""Is there something to learn from a frozen teacher? Asked before a run, since the answer costs it days."""

from ..datasets.loader import Dataset
from ..distill.cml import CML
from .build import Context
from .configuration import Config
from .evaluation import evaluate
from .yaml_file import ConfigError


def check_teachers(config: Config, nets: dict, student, dataset: Dataset, shared: Context) -> None:
    """Where a frozen detector teaches, compare it with what it teaches.

    Args:
        config: that was read.
        nets: of the run, by name.
        student: the net that is wanted in the end, as it starts.
        dataset: of the Eval section.
        shared: see build.context.

    Raises:
        ConfigError: a teacher that is no better than the student.
    """
    frozen = [name for name, net in config.nets.items() if net.sub.freeze_params]
    if not frozen or config.task != "det":
        return
    student.eval()
    own = evaluate(config, student, dataset, shared)["hmean"]
    for name in frozen:
        try:
            CML.check_teacher(evaluate(config, nets[name], dataset, shared)["hmean"], own)
        except ValueError as error:
            raise ConfigError(f"{config.path}: Architecture.Models.{name}: {error}") from error
