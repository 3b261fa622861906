"""Checks and settings before Paddle is imported: can this machine run it, and which messages does it print?"""

import functools
import importlib.util
import os
import pathlib
import platform
import warnings

from .interrupt import Held

NO_PADDLE = (
    "PaddlePaddle is not installed, and the networks need it: run `pip install 'ppocr-lessons[cpu]'` for a CPU, "
    "or install the `paddlepaddle-gpu` that matches your CUDA version."
)
NO_AVX = "This CPU has no AVX instructions, which PaddlePaddle requires: use another machine, or Binder (see the README)."


def cpu_has_avx(cpuinfo: str = "/proc/cpuinfo") -> bool:
    """Whether the CPU supports AVX. Returns True if this cannot be determined (not Linux, or ARM).

    Args:
        cpuinfo: path of the file in which Linux lists the features of the CPU.
    """
    try:
        text = pathlib.Path(cpuinfo).read_text()
    except OSError:
        return True
    flags = [line for line in text.splitlines() if line.startswith("flags")]
    return not flags or " avx" in flags[0]


def quiet_paddle() -> None:
    """Suppress three messages of Paddle that users cannot act on. Errors are still shown.

    The messages contain paths of the machine, so the output of a notebook would differ between machines. This function is
    called when the package is imported; notebooks therefore import it before Paddle.
    """
    # The C++ side warns about internals whenever a network is exported. Level 2 shows errors only.
    os.environ.setdefault("GLOG_minloglevel", "2")
    # Raised on import if ccache is missing.
    warnings.filterwarnings("ignore", message="No ccache found")
    # Raised at the first training step of every batch norm.
    warnings.filterwarnings("ignore", message="When training, we now always track global mean")


@functools.cache
def require_paddle() -> None:
    """Import Paddle, or raise an error that says why this is impossible.

    Ctrl-C and SIGTERM wait until the import is finished, and their handlers stay as they are.

    Raises:
        ImportError: Paddle is not installed, or the CPU cannot run it.
    """
    if importlib.util.find_spec("paddle") is None:
        raise ImportError(NO_PADDLE)
    if not cpu_has_avx():
        # Importing Paddle on such a CPU executes an illegal instruction, which Python cannot catch.
        raise ImportError(NO_AVX)
    # An exception while Paddle imports its C++ part crashes the process or gets a wrong message. Paddle also replaces
    # the handler of SIGTERM.
    with Held():
        import paddle  # noqa: F401


def describe_machine() -> str:
    """One line about this machine, stored with measured numbers.

    Returns: the processor architecture, the number of CPU cores and the version of Paddle.
    """
    from paddle.version import full_version

    return f"{platform.machine()}, {os.cpu_count()} CPU cores, paddle {full_version}"
