"""The cache of exports, a folder of the user."""

import os
import pathlib
import shutil
import stat
from collections.abc import Callable

import platformdirs

from .export_record import FolderError, put_in_place, read_record


def cache_folder() -> pathlib.Path:
    """Folder of the cache: PPOCR_LESSONS_CACHE, or the cache folder of the user."""
    return pathlib.Path(os.environ.get("PPOCR_LESSONS_CACHE") or platformdirs.user_cache_dir("ppocr-lessons"))


def _exports() -> pathlib.Path:
    """Folder of the cached exports, accessible only to this user.

    Raises:
        PermissionError: the folder is a link or belongs to another user, who could place any program in it.
    """
    cache = cache_folder()
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    exports = cache / "exports"
    exports.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "geteuid"):
        mine = os.geteuid()
        foreign = [
            p for p, owners in ((cache, (mine, 0)), (exports, (mine,))) if p.stat().st_uid not in owners
        ]
        if foreign or exports.is_symlink():
            place = foreign[0] if foreign else exports
            reason = "belongs to another user" if foreign else "is a link"
            raise PermissionError(f"{place}: {reason}; set PPOCR_LESSONS_CACHE to a folder of your own")
        if stat.S_IMODE(exports.stat().st_mode) != 0o700:
            exports.chmod(0o700)
    return exports


def _is_whole(folder: pathlib.Path, files: tuple[str, ...]) -> bool:
    try:
        read_record(folder, files)
    except FolderError:
        return False
    return not folder.is_symlink()


def cached(name: str, files: tuple[str, ...], write: Callable[[pathlib.Path], pathlib.Path]) -> pathlib.Path:
    """Find an export in the cache, and write it if the cache has no intact one.

    Args:
        name: of the export: a digest of everything that it depends on.
        files: files that it must have.
        write: function from the final folder to a new temporary folder beside it, to which it has written the export.

    Returns: folder of the export.

    Raises:
        OSError: the cache cannot be written, or belongs to another user.
    """
    folder = _exports() / name
    if _is_whole(folder, files):
        return folder
    partial = write(folder)
    if _is_whole(folder, files):  # another process has exported it in the meantime and may be using it
        shutil.rmtree(partial, ignore_errors=True)
        return folder
    try:
        put_in_place(partial, folder)
    except OSError:
        if not _is_whole(folder, files):
            raise
    return folder
