"""Output files of commands. A file that this program did not write is never overwritten."""

import pathlib

MARK = "Written by ppocr-lessons, which may overwrite this file"
"""Text in the pages and pictures that commands write, which shows later that this program may overwrite them."""


def refuse_to_overwrite(path, *marks: str) -> None:
    """Check that a file can be written without loss.

    Args:
        path: file that is about to be written.
        marks: strings that every file of this kind contains if this program wrote it. Without marks, every existing
            file is refused; this is for label files, where a mark would be read as a label.

    Raises:
        ValueError: the file exists, and this program did not write it or cannot determine whether it did.
    """
    path = pathlib.Path(path)
    if not (path.exists() or path.is_symlink()):
        return
    if not marks:
        raise ValueError(f"{path}: exists; remove it, or name another file")
    content = path.read_bytes() if path.is_file() else b""
    if not all(mark.encode() in content for mark in marks):
        raise ValueError(
            f"{path}: exists, and this program did not write it; remove it, or name another file"
        )


def save_picture(image, path) -> None:
    """Save a picture with MARK in its EXIF data.

    Args:
        image: `PIL.Image.Image`.
        path: file to write; the suffix selects the format.

    Raises:
        OSError: the file cannot be written; names it.
    """
    from PIL import ExifTags, Image  # imported here because reading a page does not need it

    exif = Image.Exif()
    exif[ExifTags.Base.Software] = MARK
    try:
        image.save(path, exif=exif)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
