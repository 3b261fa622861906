"""The record of an export: its files and their SHA-256."""

import contextlib
import json
import pathlib
import secrets
import shutil

from ..training.tensor_files import sha256

NAME = "inference"
FILES = (f"{NAME}.json", f"{NAME}.pdiparams")
ABOUT = "lessons.json"
"""Files of an export: program, parameters, and a record with their SHA-256."""

ONNX = f"{NAME}.onnx"
"""The same network for other inference engines. An export has this file only on request."""

MAX_FILE = 1 << 30
"""Maximum size of a file of an export in bytes."""


class FolderError(ValueError):
    """A folder is not an export, is damaged, belongs to another stage, or must not be replaced."""


def read_record(folder, files: tuple[str, ...] = FILES) -> dict:
    """Read the record of an export and verify the other files.

    Args:
        folder: folder of the export.
        files: files that the export must have; other files of an export are verified if the record lists them.

    Returns: contents of the record.

    Raises:
        FolderError: the folder is not an export, or a file was changed or damaged; names the file.
    """
    folder = pathlib.Path(folder)
    try:
        if (folder / ABOUT).stat().st_size > MAX_FILE >> 8:
            raise ValueError("too large")
        record = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        digests = record["sha256"]
        known = {name: digests[name] for name in files}
        known |= {name: digests[name] for name in (*FILES, ONNX) if name in digests}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = (
            f"no {error} in it" if isinstance(error, KeyError) else getattr(error, "strerror", None) or error
        )
        raise FolderError(f"{folder}: not a folder of `ppocr-lessons export`: {ABOUT}: {reason}") from error
    for name, digest in known.items():
        path = folder / name
        if not path.is_file():
            raise FolderError(f"{path}: no such file; the export is damaged, make it again")
        if path.stat().st_size > MAX_FILE or sha256(path) != digest:
            raise FolderError(
                f"{path}: damaged or changed: its SHA-256 is not the one in {ABOUT}; export again"
            )
    return record


def refuse_to_replace(folder) -> None:
    """Check that a folder may be replaced by an export: it must be missing, empty, or an intact export.

    Args:
        folder: folder that an export would be written to.

    Raises:
        FolderError: the folder contains something else; says what.
    """
    folder = pathlib.Path(folder)
    if folder.is_symlink():
        raise FolderError(f"{folder}: a link; name the folder that it leads to, or another one")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FolderError(f"{folder}: a file; a folder is needed")
    here = pathlib.Path.cwd().resolve()
    if folder.resolve() in (here, *here.parents):
        raise FolderError(f"{folder}: the working folder or one above it; name a folder for the export alone")
    inside = sorted(path.name for path in folder.iterdir())
    if not inside:
        return
    ours = {ABOUT, *FILES} | ({ONNX} if _lists_onnx(folder) else set())
    others = [name for name in inside if name not in ours or (folder / name).is_symlink()]
    if others or ABOUT not in inside:
        shown = ", ".join((others or inside)[:3]) + (", ..." if len(others or inside) > 3 else "")
        raise FolderError(
            f"{folder}: not empty, and not a folder of an export alone (it holds {shown}); name another folder"
        )
    try:
        read_record(folder)
    except FolderError as error:
        raise FolderError(f"{error}; to replace it all the same, remove {folder} first") from error


def _lists_onnx(folder: pathlib.Path) -> bool:
    """Whether the ONNX file in a folder belongs to the export there."""
    try:
        return ONNX in json.loads((folder / ABOUT).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


@contextlib.contextmanager
def written_beside(folder: pathlib.Path):
    """Context in which an export is written to a new temporary folder beside its final folder.

    Args:
        folder: final folder.

    Yields: the temporary folder, which is deleted if an error is raised; see `put_in_place`.

    Raises:
        OSError: the export cannot be written, for example because the disk is full; names the final folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.parent / f".export-{secrets.token_hex(8)}"
    try:
        partial.mkdir()  # not mkdtemp, whose folders only the owner can read
        yield partial
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError) and (not error.filename or str(partial) in str(error.filename)):
            # Paddle reports a full disk without the name of the file, and users do not know the temporary folder.
            raise OSError(error.errno, error.strerror or str(error), str(folder)) from error
        raise


def write_record(folder: pathlib.Path, about: dict | None, files: tuple[str, ...]) -> None:
    """Write the record of an export.

    Args:
        folder: folder of the export.
        about: further entries of the record.
        files: names of its files.
    """
    record = {**(about or {}), "sha256": {name: sha256(folder / name) for name in files}}
    (folder / ABOUT).write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")


def put_in_place(partial: pathlib.Path, folder: pathlib.Path) -> None:
    """Move a new export to its final folder and delete the files of an older export there.

    Args:
        partial: temporary folder from `written_beside`.
        folder: final folder.

    Raises:
        OSError: the folder cannot be renamed; the older export is kept.
    """
    old = folder.parent / f".export-old-{secrets.token_hex(8)}"
    had = folder.is_symlink() or folder.exists()
    try:
        if had:
            folder.rename(old)
        partial.rename(folder)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        if had and not folder.exists():
            old.rename(folder)
        raise
    if had and (old.is_symlink() or not old.is_dir()):
        old.unlink()
    elif had:
        for name in (ABOUT, *FILES, ONNX):
            (old / name).unlink(missing_ok=True)
        # Files that other programs added in the meantime are kept.
        with contextlib.suppress(OSError):
            old.rmdir()
