"""read: folders, patterns, single lines, several processes."""

import json
import multiprocessing
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image
from typer.testing import CliRunner

from ppocr_lessons import ocr
from ppocr_lessons.cli import app
from ppocr_lessons.commands.reading import Options, Outcome, drawing_paths, outcomes
from ppocr_lessons.datasets.picture_files import find_pictures


def _call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def folder(tmp_path, repository):
    """Two crops of lines, a text file, and a crop in a folder below."""
    (tmp_path / "in/deep").mkdir(parents=True)
    for number, place in ((0, "in/b.jpg"), (2, "in/a.JPG"), (4, "in/deep/c.jpg")):
        shutil.copy(repository / f"data/rec_en/images/{number:05d}.jpg", tmp_path / place)
    (tmp_path / "in/notes.txt").write_text("mine")
    return tmp_path / "in"


def test_folders_and_patterns_become_image_files(folder, monkeypatch):
    assert [p.name for p in find_pictures([folder])] == ["a.JPG", "b.jpg"]
    assert [p.name for p in find_pictures([folder / "**/*.jpg"])] == ["b.jpg", "c.jpg"]
    assert find_pictures([folder / "*"]) == find_pictures([folder])
    assert find_pictures(["gone.png", folder / "b.jpg"]) == [pathlib.Path("gone.png"), folder / "b.jpg"]
    monkeypatch.chdir(folder)
    assert find_pictures(["*.jpg"]) == [pathlib.Path("b.jpg")]
    (folder / "x[1].png").touch()
    assert find_pictures(["x[1].png"]) == [pathlib.Path("x[1].png")]
    shutil.copytree("deep", "y[2]")
    assert find_pictures(["y[2]/*.jpg"]) == [pathlib.Path("y[2]/c.jpg")]
    assert find_pictures(["[dy]*/c.jpg"]) == [pathlib.Path("deep/c.jpg"), pathlib.Path("y[2]/c.jpg")]
    with pytest.raises(ValueError, match="an argument is empty"):
        find_pictures([""])


def test_a_folder_without_images_and_a_pattern_without_matches(folder):
    (folder / "empty").mkdir()
    done = _call("read", folder / "empty")
    assert done.exit_code == 1 and "empty: no images in this folder" in done.stderr
    done = _call("read", folder / "*.tiff")
    assert done.exit_code == 1 and "no image matches this pattern" in done.stderr


def test_drawings_of_images_with_the_same_name_are_different_files(tmp_path):
    pictures = [pathlib.Path(p) for p in ("a/x.jpg", "b/X.jpg", "b/x-2.jpg", "c/x.png")]
    assert [p.name for p in drawing_paths(tmp_path, pictures)] == [
        "x.read.png",
        "X-2.read.png",
        "x-2-2.read.png",
        "x-3.read.png",
    ]


def test_lines_are_read_without_the_detector_in_order(folder, repository, monkeypatch):
    monkeypatch.setattr(ocr.OCR, "detector", property(lambda _: pytest.fail("the detector was used")))
    done = _call("read", folder, folder / "deep", "--lines", "--json", "--weights", "course")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    labels = (repository / "data/rec_en/label.txt").read_text(encoding="utf-8").splitlines()
    expected = [labels[i].split("\t")[1] for i in (2, 0, 4)]
    assert [pathlib.Path(f["picture"]).name for f in found] == ["a.JPG", "b.jpg", "c.jpg"]
    read = [f["lines"][0]["text"] for f in found]
    assert sum(a == b for a, b in zip(read, expected, strict=True)) >= 2, (read, expected)
    with Image.open(folder / "b.jpg") as image:
        assert found[1]["lines"][0]["polygon"][2] == [image.width, image.height]


def test_a_line_that_cannot_be_read_is_named_and_the_others_are_read(folder):
    (folder / "bad.png").write_bytes(b"no picture")
    done = _call("read", folder, "--lines", "--weights", "course")
    assert done.exit_code == 1 and "bad.png: not an image" in done.stderr and done.stderr.count("error") == 1
    assert done.stdout.count("== ") == 2


@pytest.mark.parametrize("option", [("--only", "det"), ("--det", "somewhere")])
def test_lines_need_no_detector(option, folder):
    done = _call("read", folder, "--lines", *option)
    assert done.exit_code == 1 and "without the detector" in done.stderr


def test_an_image_without_text_says_so_and_names_the_option(tmp_path):
    Image.new("RGB", (200, 100), "white").save(tmp_path / "blank.png")
    done = _call("read", tmp_path / "blank.png", "--weights", "course")
    assert done.exit_code == 0 and done.stdout == ""
    assert "blank.png: no text found" in done.stderr and "--lines" in done.stderr
    done = _call("read", tmp_path / "blank.png", "--lines", "--weights", "course", "--json")
    assert json.loads(done.stdout)[0]["lines"] == [] and "no text found" in done.stderr


def test_version():
    from ppocr_lessons import __version__

    done = _call("--version")
    assert done.exit_code == 0 and done.stdout == f"ppocr-lessons {__version__}\n"


@pytest.mark.slow
def test_several_processes_read_the_same_in_the_same_order(folder):
    (folder / "bad.png").write_bytes(b"no picture")
    given = ("read", folder, folder / "deep", "--json", "--weights", "course")
    alone, together = _call(*given), _call(*given, "--jobs", "2")
    assert alone.exit_code == together.exit_code == 1
    assert json.loads(together.stdout) == json.loads(alone.stdout)
    assert [f.get("error", "")[-12:] for f in json.loads(together.stdout)].count("") == 3


CHILDREN = pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")


def _start(*arguments):
    """The command as a program that leads a session of its own, as a shell starts it."""
    command = [sys.executable, "-W", "ignore", "-m", "ppocr_lessons", "read", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def test_a_stage_that_several_processes_cannot_use_is_one_error(folder):
    process = _start(folder, "--det", folder, "--jobs", "2")
    printed, errors = process.communicate(timeout=120)
    assert process.returncode == 1 and not printed
    assert errors.count("\n") == 1 and "not a folder of `ppocr-lessons export`" in errors


@pytest.mark.skipif(os.cpu_count() == 1, reason="a machine with one core reads in one process")
@pytest.mark.skipif(
    not pathlib.Path("/proc/self/task").exists(), reason="needs /proc to see the workers start"
)
@pytest.mark.parametrize(
    ("started", "number", "code"),
    [(1, signal.SIGINT, 130), (3, signal.SIGINT, 130), (3, signal.SIGKILL, -signal.SIGKILL)],
    ids=["Ctrl-C while they are started", "Ctrl-C", "killed"],
)
def test_all_processes_end_with_the_first(started, number, code, folder):
    process = _start(folder, "--jobs", "2", "--json")
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    end = time.monotonic() + 60
    # All are two workers and Python's tracker, which is the first.
    while len(children.read_text().split()) < started and time.monotonic() < end:
        time.sleep(0.001)
    if number == signal.SIGINT:  # a terminal sends it to all of them
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    # A worker to which a killed process had not sent all it needs shows Python's own traceback.
    assert number == signal.SIGKILL or "Traceback" not in errors
    # Python's own tracker of resources ends a moment later.
    with pytest.raises(ProcessLookupError):
        for _ in range(200):
            os.killpg(process.pid, 0)
            time.sleep(0.1)


def test_a_process_that_is_killed_is_told(folder, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    options = Options(None, None, None, "course", "paddle", False, True, False)
    pairs = [(path, None) for path in find_pictures([folder])]
    answers = outcomes(options, [[pair] for pair in pairs * 200], 2)  # more than are read before the kill
    next(answers)
    for child in multiprocessing.active_children():
        child.kill()
    with pytest.raises(ChildProcessError, match="was killed, perhaps for lack of memory"):
        list(answers)


def test_after_an_error_json_has_what_was_read(folder, monkeypatch):
    def broken(options, parts, jobs):
        yield Outcome(folder / "b.jpg", [], None)
        raise KeyboardInterrupt

    monkeypatch.setattr("ppocr_lessons.commands.reading.outcomes", broken)
    done = _call("read", folder, "--json")
    assert done.exit_code == 130 and [row["picture"] for row in json.loads(done.stdout)] == [
        str(folder / "b.jpg")
    ]


def test_drawings_of_several_images_need_a_folder(folder, tmp_path):
    (tmp_path / "out.png").write_text("mine")
    with pytest.raises(ValueError, match="drawings of several images need a folder"):
        drawing_paths(tmp_path / "out.png", [folder / "a.JPG", folder / "b.jpg"])
