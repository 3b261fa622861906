"""Find image files: the arguments of a command may be files, folders and patterns."""

import glob
import pathlib
from collections.abc import Iterable

SUFFIXES = (".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""Suffixes by which files in a folder are recognized as images."""


def find_pictures(arguments: Iterable) -> list[pathlib.Path]:
    """Replace folders by the images in them, and patterns by the images that match.

    Args:
        arguments: paths of image files, of folders, and patterns such as `scans/**/*.jpg`, for shells that do not expand
            them and for more files than a command line can hold. A path that exists is never treated as a pattern,
            nor are existing folders at the start of one.

    Returns: paths of image files, in the order of the arguments; those of a folder or pattern are sorted by name. A file
        that is named explicitly is not checked.

    Raises:
        ValueError: an empty argument, a folder without images, or a pattern that no image matches.
    """
    found: list[pathlib.Path] = []
    for given in arguments:
        if not str(given):
            raise ValueError("an argument is empty; name an image, a folder or a pattern")
        argument = pathlib.Path(given)
        if argument.is_dir():
            pictures = sorted(path for path in argument.iterdir() if _is_picture(path))
            if not pictures:
                raise ValueError(f"{argument}: no images in this folder; known are {', '.join(SUFFIXES)}")
            found += pictures
        elif glob.has_magic(str(argument)) and not argument.exists():
            matches = map(pathlib.Path, glob.glob(_pattern(argument), recursive=True))  # noqa: PTH207, may be absolute
            pictures = sorted(path for path in matches if _is_picture(path))
            if not pictures:
                raise ValueError(f"{argument}: no image matches this pattern")
            found += pictures
        else:
            found.append(argument)
    return found


def _pattern(argument: pathlib.Path) -> str:
    """A pattern in which existing folders are escaped, because their names may contain brackets."""
    folder = next((parent for parent in argument.parents if parent.is_dir()), None)
    if folder is None:
        return str(argument)
    return str(pathlib.Path(glob.escape(str(folder))) / argument.relative_to(folder))


def _is_picture(path: pathlib.Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()
