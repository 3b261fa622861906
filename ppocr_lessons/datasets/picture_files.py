"""Find image files: the arguments of a command may be files, folders and patterns."""

import glob
import pathlib
from collections.abc import Iterable

SUFFIXES = (".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""Suffixes of the files of a folder that are taken for images."""


def find_pictures(arguments: Iterable) -> list[pathlib.Path]:
    """Replace folders by the images in them, and patterns by the images that match.

    Args:
        arguments: paths of image files, of folders, and patterns such as `scans/**/*.jpg`, for shells that do not expand
            them and for more files than a command line can hold. A path that exists is never a pattern.

    Returns: paths of image files, in the order of the arguments; those of a folder or pattern are sorted by name. A file
        that was named itself is not checked.

    Raises:
        ValueError: a folder has no images, or no image matches a pattern.
    """
    found: list[pathlib.Path] = []
    for argument in map(pathlib.Path, arguments):
        if argument.is_dir():
            pictures = sorted(path for path in argument.iterdir() if _is_picture(path))
            if not pictures:
                raise ValueError(f"{argument}: no images in this folder; known are {', '.join(SUFFIXES)}")
            found += pictures
        elif glob.has_magic(str(argument)) and not argument.exists():
            matches = map(pathlib.Path, glob.glob(str(argument), recursive=True))  # noqa: PTH207, may be absolute
            pictures = sorted(path for path in matches if _is_picture(path))
            if not pictures:
                raise ValueError(f"{argument}: no image matches this pattern")
            found += pictures
        else:
            found.append(argument)
    return found


def _is_picture(path: pathlib.Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()
