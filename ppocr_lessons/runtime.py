"""What has to be settled before Paddle is used: its messages, and whether this machine can run it at all."""

import functools
import importlib.util
import os
import pathlib
import platform
import warnings

NO_PADDLE = (
    "PaddlePaddle is not installed, and the nets need it: run `pip install 'ppocr-lessons[cpu]'` for a CPU, "
    "or install the `paddlepaddle-gpu` that fits your CUDA version."
)
NO_AVX = (
    "This CPU has no AVX instructions, which every PaddlePaddle wheel needs: use another machine, "
    "or Binder, whose badge is in the README."
)


def cpu_has_avx(cpuinfo: str = "/proc/cpuinfo") -> bool:
    """Whether the CPU knows AVX. Where that cannot be read (not Linux, or ARM) the answer is yes.

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
    """Silence three messages of Paddle that a reader can do nothing about; errors still come through.

    They name paths of the machine, so a notebook's output would differ from one machine to the next. Called when this
    package is imported, which therefore has to come before `import paddle` in a notebook.
    """
    # Its C++ side warns about its own internals whenever a net is exported. Level 2 shows errors only.
    os.environ.setdefault("GLOG_minloglevel", "2")
    # Said on import, when ccache is missing.
    warnings.filterwarnings("ignore", message="No ccache found")
    # Said at the first training step of every batch norm.
    warnings.filterwarnings("ignore", message="When training, we now always track global mean")


@functools.cache
def require_paddle() -> None:
    """Import Paddle, or say in one sentence why that is impossible.

    Raises:
        ImportError: Paddle is not installed, or the CPU cannot run it.
    """
    if importlib.util.find_spec("paddle") is None:
        raise ImportError(NO_PADDLE)
    if not cpu_has_avx():
        # Importing Paddle on such a CPU ends in an illegal instruction, which no except can catch.
        raise ImportError(NO_AVX)
    import paddle  # noqa: F401


def describe_machine() -> str:
    """One line about this machine that is stored beside measured numbers.

    Returns: the processor architecture, the number of CPU cores and the version of Paddle.
    """
    from paddle.version import full_version

    return f"{platform.machine()}, {os.cpu_count()} CPU cores, paddle {full_version}"
