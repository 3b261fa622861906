"""The part of the file system that a submission sees: the system, Python, this library and its data, all read-only."""

import os
import pathlib
import sys

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parent
HERE = pathlib.Path(__file__).resolve().parent
RUNNER = HERE / "run_submission.py"

INSIDE_RUNNER = "/grader/run_submission.py"
INSIDE_HOME = "/submission"
COURSE = "course/notebooks/assignments"
"""Folder that a notebook runs in, below the home. `../../data` leads to the data, as in a checkout."""

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SETTINGS = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "fonts", "localtime", "timezone", "nsswitch.conf")  # fmt: skip
LIBRARIES = ("site-packages", "dist-packages")


def _libraries() -> list[pathlib.Path]:
    """Folders of installed packages on sys.path."""
    found = [pathlib.Path(entry) for entry in sys.path if pathlib.Path(entry).name in LIBRARIES]
    return [folder for folder in found if folder.is_absolute() and folder.is_dir()]


def python_path() -> str:
    """PYTHONPATH of a submission: the folder of this package first, then those of installed packages."""
    return os.pathsep.join(dict.fromkeys(map(str, (ROOT, *_libraries()))))


def _is_within(path: pathlib.Path, folder: pathlib.Path) -> bool:
    return path == folder or folder in path.parents


def visible(hidden: list[pathlib.Path]) -> list[tuple[str, pathlib.Path]]:
    """Parts of the file system that a submission sees, in the order in which they must be mounted.

    In a checkout these are the package and its data, but not the tests, the other notebooks or the history. The folder
    of the grader is hidden in every copy of the package.

    Args:
        hidden: folders that must be invisible even if they are inside a visible one.

    Returns: pairs of "bind" or "hide" and an absolute path.
    """
    plan: dict[pathlib.Path, str] = {}
    for prefix in (sys.base_prefix, sys.prefix):
        for path in (pathlib.Path(prefix), pathlib.Path(prefix).resolve()):
            plan[path] = "bind"
    libraries = _libraries()
    for folder in libraries:
        plan.setdefault(folder, "bind")
    if ROOT.name not in LIBRARIES:
        plan.setdefault(ROOT, "hide")
        plan[PACKAGE] = "bind"
        if (ROOT / "data").is_dir():
            plan[ROOT / "data"] = "bind"
    for folder in (ROOT, *libraries):
        if (folder / PACKAGE.name / HERE.name).is_dir():
            plan[folder / PACKAGE.name / HERE.name] = "hide"
    seen = [pathlib.Path("/usr"), *(path for path, act in plan.items() if act == "bind")]
    for folder in hidden:
        if folder.is_dir() and any(_is_within(folder, path) for path in seen):
            plan[folder] = "hide"
    return [(plan[path], path) for path in sorted(plan, key=lambda path: (len(path.parts), str(path)))]


def mount_options(hidden: list[pathlib.Path], scratch: int) -> list[str]:
    """Options of bubblewrap for the file system. All writable folders are in memory and limited in size.

    Args:
        hidden: as in `visible`.
        scratch: maximum size of each writable folder in bytes.
    """
    options = []
    for path in map(pathlib.Path, SYSTEM):
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    for name in SETTINGS:
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    # Mounted first, because Python or this package may be in a folder below /tmp.
    for folder in ("/tmp", INSIDE_HOME):
        options += ["--size", str(scratch), "--tmpfs", folder]
    empty = []
    for act, path in visible(hidden):
        if act == "bind":
            options += ["--ro-bind", str(path), str(path)]
        else:
            options += ["--tmpfs", str(path)]
            empty.append(str(path))
    options += ["--ro-bind", str(RUNNER), INSIDE_RUNNER]
    # Files below /proc/sys can be written by root even without capabilities, and change settings of the whole machine.
    options += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    options += ["--size", str(scratch), "--tmpfs", "/dev/shm", "--dir", f"{INSIDE_HOME}/{COURSE}"]
    if (ROOT / "data").is_dir():
        options += ["--symlink", str(ROOT / "data"), f"{INSIDE_HOME}/course/data"]
    for folder in (*empty, "/dev", "/"):
        options += ["--remount-ro", folder]
    return options


def environment(home: str, temporary: str, threads: int) -> dict[str, str]:
    """The whole environment of a submission. Nothing else of the grader's environment is passed on.

    Args:
        home: home of the submission.
        temporary: folder for temporary files.
        threads: number of threads of each library that computes.
    """
    computing = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {
        **kept,
        "PATH": os.pathsep.join(
            [str(pathlib.Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]
        ),
        "PYTHONPATH": python_path(),
        "HOME": home,
        "TMPDIR": temporary,
        "PPOCR_LESSONS_CACHE": f"{temporary}/ppocr-lessons-cache",
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        **{name: str(threads) for name in computing},
    }
