"""Implementation of `ppocr-lessons read`: read images one after another, or in several parallel processes."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from ..interrupt import Held
from ..output_files import MARK, refuse_to_overwrite, save_picture

CHUNK = 32
"""Number of images of single lines that are read together; the recognizer sorts them by width."""


class Options(NamedTuple):
    """Options of `read`, in a form that can be sent to other processes.

    Fields:
        det, cls, rec: folders of exported networks, or None.
        weights: one of `zoo.pretrained.WEIGHTS`.
        engine: one of `deploy.engines.ENGINES`.
        boxes_only: run only the detector.
        lines: every image is a single line.
        debug: raise errors of single images.
    """

    det: Path | None
    cls: Path | None
    rec: Path | None
    weights: str
    engine: str
    boxes_only: bool
    lines: bool
    debug: bool


class Outcome(NamedTuple):
    """Result for one image: its path, its lines, and the error if it could not be read."""

    picture: Path
    lines: list
    error: Exception | None


Pair = tuple[Path, Path | None]
"""An image, and the file for its drawing, or None."""


def drawing_paths(out: Path, pictures: list[Path]) -> list[Path]:
    """Files that the drawings are written to, checked before any image is read.

    Args:
        out: file, or folder for several images.
        pictures: the images.

    Returns: a different path for each image.

    Raises:
        ValueError: the file format cannot be written, or a file exists that this program did not draw.
    """
    from PIL import Image

    if len(pictures) > 1 or not out.suffix or out.is_dir():
        if out.exists() and not out.is_dir():
            raise ValueError(f"--draw {out}: a file; the drawings of several images need a folder")
        out.mkdir(parents=True, exist_ok=True)
        files = [out / f"{name}.read.png" for name in _different([picture.stem for picture in pictures])]
        for file in files:
            refuse_to_overwrite(file, MARK)
        return files
    Image.init()
    if Image.EXTENSION.get(out.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"--draw {out}: unknown image format {out.suffix!r}; use .png, for example")
    if out.exists() and pictures[0].exists() and out.samefile(pictures[0]):
        raise ValueError(
            f"--draw {out}: this is the image itself, which would be overwritten; name another file"
        )
    refuse_to_overwrite(out, MARK)
    return [out]


def _different(names: list[str]) -> list[str]:
    """Make names unique by adding a number to repeated ones. Case is ignored because some file systems ignore it."""
    taken: set[str] = set()
    given = []
    for name in names:
        number, unique = 1, name
        while unique.lower() in taken:
            number += 1
            unique = f"{name}-{number}"
        taken.add(unique.lower())
        given.append(unique)
    return given


def chunks(options: Options, pairs: list[Pair]) -> list[list[Pair]]:
    """Divide the images into parts that are read together.

    Args:
        options: see `Options`.
        pairs: images with the files of their drawings.

    Returns: single images, or up to CHUNK images of lines.
    """
    size = CHUNK if options.lines else 1
    return [pairs[start : start + size] for start in range(0, len(pairs), size)]


class Reader:
    """Reads images with the system of some options.

    Args:
        options: see `Options`.
        threads: number of CPU threads; all cores if None.

    Raises:
        FolderError: a folder of an exported network cannot be used.
        ImportError: weights or engine are not installed.
    """

    def __init__(self, options: Options, threads: int | None = None):
        from .. import ocr

        self.options, stages = options, {}
        if options.det or options.cls or options.rec:
            from ..deploy.export_folder import classifier_of, detector_of, recognizer_of

            made = {
                "detector": options.det and detector_of(options.det, engine=options.engine, threads=threads),
                "classifier": options.cls
                and classifier_of(options.cls, engine=options.engine, threads=threads),
                "recognizer": options.rec
                and recognizer_of(options.rec, engine=options.engine, threads=threads),
            }
            stages = {name: stage for name, stage in made.items() if stage}
        self.system = ocr.OCR(**stages, weights=options.weights, engine=options.engine, threads=threads)

    def __call__(self, pairs: list[Pair]) -> list[Outcome]:
        """Read some images; those that cannot be read do not stop the others.

        Args:
            pairs: images with the files of their drawings.

        Returns: one outcome for each image.
        """
        if self.options.lines and len(pairs) > 1:
            # If one of them fails, they are read one by one, to find out which.
            with contextlib.suppress(Exception):
                return self._read(pairs)
        done = []
        for pair in pairs:
            try:
                done += self._read([pair])
            except Exception as error:  # no error may keep the other images from being read
                if self.options.debug:
                    raise
                done.append(Outcome(pair[0], [], error))
        return done

    def _read(self, pairs: list[Pair]) -> list[Outcome]:
        from ..datasets.pictures import read_picture

        images = [read_picture(picture) for picture, _ in pairs]
        if self.options.lines:
            found = [[line] if line.text else [] for line in self.system.read_lines(images)]
        elif self.options.boxes_only:
            found = [_boxes(self.system, image) for image in images]
        else:
            found = [self.system.read(image) for image in images]
        for image, lines, (_, drawing) in zip(images, found, pairs, strict=True):
            if drawing:
                _draw(image, lines, drawing)
        return [Outcome(picture, lines, None) for (picture, _), lines in zip(pairs, found, strict=True)]


def _boxes(system, image) -> list:
    """Text lines of the detector alone: each has a polygon and a score, and no text."""
    from ..ocr import TextLine

    found = system.detector(image)
    return [TextLine(p, "", float(s), 0) for p, s in zip(found.polygons, found.scores, strict=True)]


def _draw(image, lines, out: Path) -> None:
    from PIL import Image

    from ..deploy.draw import draw_reading

    save_picture(Image.fromarray(draw_reading(image, lines)), out)


_reader: Reader | Exception | None = None
"""The reader of a worker process, or the error that it failed with."""


def _start(options: Options, threads: int, end: Connection) -> None:
    global _reader
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # see `_ctrl_c_for_this_process_only`
    threading.Thread(target=_wait_for, args=(end,), daemon=True).start()
    try:
        _reader = Reader(options, threads)
    except Exception as error:
        # Raised by `_work`. Raised here, it would break the pool, and its message would be lost.
        _reader = error


def _wait_for(end: Connection) -> None:
    """End this worker when the main process closes the pipe or ends; otherwise it would wait for work forever."""
    with contextlib.suppress(EOFError, OSError):
        end.recv_bytes()
    os._exit(1)


def _work(pairs: list[Pair]) -> list[Outcome]:
    if isinstance(_reader, Exception):
        raise _reader
    assert _reader is not None
    return _reader(pairs)


@contextlib.contextmanager
def _ctrl_c_for_this_process_only():
    """Context in which the processes that are started never receive Ctrl-C. This process receives it at the end.

    The terminal sends Ctrl-C to all processes, but the main process is to end the workers: a worker that died during
    its start would break the pool. Workers inherit the signal mask. On Windows, which has none, only `_start` helps.
    """
    with Held():
        if not hasattr(signal, "pthread_sigmask"):
            yield
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def outcomes(options: Options, parts: list[list[Pair]], jobs: int) -> Iterator[Outcome]:
    """Read images and yield the outcome of each, in the order of the images.

    Args:
        options: see `Options`.
        parts: result of `chunks`.
        jobs: number of processes, at most one for each core and each part; with 1, this process does the reading.

    Yields: the outcomes, as soon as they are known.

    Raises:
        ChildProcessError: a process was killed; names the first image that was not read.
    """
    jobs = min(jobs, len(parts), os.cpu_count() or 1)
    if jobs < 2:
        reader = Reader(options)
        yield from _flat(map(reader, parts))
        return
    threads = max(1, (os.cpu_count() or 1) // jobs)
    # Paddle's threads do not survive a fork.
    spawn = multiprocessing.get_context("spawn")
    end, held_open = spawn.Pipe(duplex=False)
    given = (options, threads, end)
    with (
        held_open,
        end,
        ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_start, initargs=given) as pool,
    ):
        read = 0
        try:
            with _ctrl_c_for_this_process_only():
                answers = pool.map(_work, parts)  # starts all processes
            for part in answers:
                read += 1
                yield from part
        except BrokenProcessPool as error:
            raise ChildProcessError(
                f"{parts[read][0][0]}: a process that reads images was killed, perhaps for lack of memory; "
                "this image and those after it were not read"
            ) from error
        except BaseException:
            held_open.close()  # ends the workers: nobody needs their results anymore
            # Python cannot unpickle a result that arrives while it shuts down, and the pool would then wait forever.
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _flat(parts: Iterable[list[Outcome]]) -> Iterator[Outcome]:
    for part in parts:
        yield from part
