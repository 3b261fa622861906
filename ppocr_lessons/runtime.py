"""What has to be settled before Paddle is used: its messages, and whether this machine can run it at all."""

import functools
import importlib
import importlib.util
import os
import pathlib
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


def late_names(package: str, places: dict[str, str], listing: list[str]):
    """`__getattr__` and `__dir__` of a package that also shows names which import the package themselves.

    They come in when they are asked for: at the top of the package they would go round in a circle.

    Args:
        package: its `__name__`.
        places: name -> module under ppocr_lessons that holds it, or that is it: "distill.cml" for `CML` and `cml`.
        listing: its `__all__`.
    """

    def get(name):
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"ppocr_lessons.{places[name]}")
        return module if places[name].split(".")[-1] == name else getattr(module, name)

    return get, lambda: listing
