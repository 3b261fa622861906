"""The systems of the chapter: sizes of their stages, and times that belong to the right stage."""

import itertools
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from ppocr_lessons.bench import whole_systems
from ppocr_lessons.cli import app
from ppocr_lessons.datasets.synthetic.pages import Page


@pytest.fixture
def labeled_page():
    corners = [[[10, 10], [90, 10], [90, 30], [10, 30]], [[10, 40], [60, 40], [60, 56], [10, 56]]]
    return Page(np.full((64, 128, 3), 200, np.uint8), np.array(corners, np.float32), ["one", "two"])


@pytest.fixture
def without_timing(monkeypatch):
    """No export and no run; the time of a variant is its place in the round, in milliseconds."""
    monkeypatch.setattr(whole_systems, "export_cached", lambda net: net)
    monkeypatch.setattr(whole_systems, "size_mb", lambda net: sum(p.size for p in net.parameters()) * 4e-6)
    monkeypatch.setattr(whole_systems, "Predictor", lambda net, threads: lambda x: None)
    monkeypatch.setattr(
        whole_systems, "interleaved", lambda runs, rounds: dict(zip(runs, itertools.count(1), strict=False))
    )


def test_each_stage_gets_its_input(labeled_page):
    inputs = whole_systems._inputs(labeled_page)
    assert inputs["det"].shape == (1, 3, 64, 128)
    assert inputs["cls"].shape == (2, 3, 48, 192)
    assert inputs["rec"].shape == (2, 3, 32, 128)  # 80 x 20 pixels at a height of 32


def test_sizes_are_those_of_the_chapter_and_times_belong_to_their_stage(without_timing, labeled_page):
    found = whole_systems.measure([labeled_page, labeled_page])
    assert list(found) == ["mobile", "server", "v2"]
    for name, measured in found.items():
        # The chapter's sizes are those of files; the difference to the parameters is below an eighth.
        assert sum(measured.mb.values()) == pytest.approx(whole_systems.SYSTEMS[name].published_mb, rel=0.125)
    assert found["mobile"].mb["det"] == found["v2"].mb["det"] < found["server"].mb["det"]
    assert [1e-3 * ms for measured in found.values() for ms in measured.ms.values()] == list(range(1, 10))


def test_pages_and_names_are_checked(labeled_page):
    with pytest.raises(ValueError, match="pages with at least one line"):
        whole_systems.measure([])
    empty = labeled_page._replace(polygons=np.zeros((0, 4, 2), np.float32), texts=[])
    with pytest.raises(ValueError, match="pages with at least one line"):
        whole_systems.measure([labeled_page, empty])
    with pytest.raises(ValueError, match="unknown rows"):
        whole_systems.measure([labeled_page], names=["v3"])


def test_the_command_writes_the_record(without_timing, tmp_path, repository):
    out = tmp_path / "systems.json"
    arguments = ["bench", "systems", str(repository / "data" / "det_en"), "--pages", "2", "--out", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["pages"] == 2 and set(record["systems"]) == {"mobile", "server", "v2"}
    assert "PP-OCR server" in done.stdout and "155.1" in done.stdout


def test_more_pages_than_there_are(repository):
    done = CliRunner().invoke(app, ["bench", "systems", str(repository / "data/det_en"), "--pages", "1000"])
    assert done.exit_code == 1
    assert done.stderr.startswith("error: --pages 1000: ") and "pages 0 to 23" in done.stderr
