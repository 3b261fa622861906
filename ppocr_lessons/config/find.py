"""Find a configuration or a dictionary by its name: a file of the user, or one that ships with this package."""

import importlib.resources
import pathlib

from .problems import ConfigError

PACKAGE = pathlib.Path(str(importlib.resources.files("ppocr_lessons")))


def shipped_configs() -> dict[str, pathlib.Path]:
    """The configurations that ship with this package.

    Returns: paths by name. Those of PaddleOCR have the year in their name, such as `2022/cls_mv3.yml`.
    """
    folder = PACKAGE / "config"
    own = {path.name: path for path in sorted(folder.glob("*.yml"))}
    theirs = {f"{path.parent.name}/{path.name}": path for path in sorted(folder.glob("paddleocr/*/*.yml"))}
    return own | theirs


def find_config(name) -> tuple[pathlib.Path, str]:
    """Find a configuration. A file of the user comes first, then the shipped ones.

    Args:
        name: path of a file, or the name of a shipped configuration: `det_db.yml`, `2022/cls_mv3.yml`, and
            `cls_mv3.yml` for the latest year in which PaddleOCR has this file. The suffix may be left out.

    Returns: the path, and a sentence about the choice, which is empty for a file of the user.

    Raises:
        ConfigError: there is no such file and no shipped configuration of this name; lists those that exist.
    """
    path = pathlib.Path(name)
    # A folder, or a file that cannot be opened, is reported by the reader of the file.
    if path.exists() or path.is_absolute():
        return path, ""
    shipped = shipped_configs()
    wanted = path.as_posix().removeprefix("./")
    wanted = wanted if path.suffix in (".yml", ".yaml") else f"{wanted}.yml"
    found = [key for key in shipped if key == wanted or key.rpartition("/")[2] == wanted]
    if not found:
        known = ", ".join(shipped)
        raise ConfigError(
            f"{name}: no such file, and no shipped configuration has this name; known are {known}"
        )
    chosen, others = found[-1], found[:-1]
    also = f"; {', '.join(others)} is another one of this name" if others else ""
    return shipped[chosen], f"{name}: the configuration {chosen} of this package{also}"


def find_dictionary(name) -> pathlib.Path:
    """Find a dictionary. A file of the user comes first, then those of this package.

    Args:
        name: path of a file. Paths of this package's files start with its name: `ppocr_lessons/config/english.txt`.

    Returns: the path; unchanged if there is no such file.
    """
    path = pathlib.Path(name)
    shipped = PACKAGE.parent / path
    return shipped if path.parts[:1] == (PACKAGE.name,) and not path.exists() and shipped.is_file() else path
