"""The README's links, its list of notebooks, its numbers and its commands agree with the repository."""

import json
import pathlib
import re
import shlex

import pytest
import yaml
from typer.testing import CliRunner

from ppocr_lessons.cli import app
from ppocr_lessons.grading.registry import NAMES

ROOT = pathlib.Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^    (?:.*&& )?ppocr-lessons ([^#\n&]+)", TEXT, re.M)))


def _card(stage):
    return json.loads((ROOT / "ppocr_lessons" / "weights" / f"{stage}.json").read_text(encoding="utf-8"))


def _cells(title):
    (row,) = re.findall(rf"^\| {title} \|(.*)\|$", TEXT, re.M)
    return [re.findall(r"[\d.,]*\d", cell) for cell in row.split("|")]


def _scores(card, names):
    return [[f"{card[key][name]:.3f}" for name in names] for key in ("scores", "scores_fixed_fonts")]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md"])
def test_relative_links_lead_somewhere(name):
    page = ROOT / name
    targets = re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if not (page.parent / t.split("#")[0]).exists()] == []


def test_every_notebook_is_linked_once():
    linked = re.findall(r"\]\(notebooks/([^)]+)\)", TEXT)
    chapters = [name for name in linked if not name.startswith("assignments/")]
    assert chapters == sorted(p.name for p in (ROOT / "notebooks").glob("*.ipynb"))
    assignments = [name for name in linked if name.startswith("assignments/")]
    assert assignments == [f"assignments/{name}.ipynb" for name in NAMES]


@pytest.mark.parametrize(
    ("title", "stage", "names"),
    [
        ("detector of pages", "det_pages", ("precision", "recall", "hmean")),
        ("direction classifier", "cls", ("acc",)),
        ("recognizer, words", "rec", ("word_acc", "word_norm_edit_dis")),
        ("recognizer, lines", "rec", ("line_acc", "line_norm_edit_dis")),
    ],
)
def test_scores_are_those_of_the_cards(title, stage, names):
    card, cells = _card(stage), _cells(title)
    assert cells[:2] == _scores(card, names)
    if title != "recognizer, lines":
        assert cells[2] == [f"{card['steps']:,}", f"{card['samples']:,}", f"{card['minutes']:.1f}"]


def test_scores_of_the_networks_for_photographs_are_those_of_the_cards():
    detector, recognizer = _card("det"), _card("rec_english")
    names = ("precision", "recall", "hmean")
    photographs, pages, _ = _cells("detector")
    assert photographs == [f"{detector['scores'][f'photographs_{name}']:.3f}" for name in names]
    assert pages == [f"{detector['scores'][f'pages_{name}']:.3f}" for name in names]
    averaged = recognizer["scores"]["averaged"]
    assert _cells("English recognizer")[0] == [f"{averaged[name]:.3f}" for name in ("acc", "norm_edit_dis")]
    for title, card in (("detector", detector), ("English recognizer", recognizer)):
        assert _cells(title)[2] == [f"{card['steps']:,}", f"{card['samples']:,}", f"{card['minutes']:.1f}"]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_and_their_options_exist(command):
    words = shlex.split(command)
    name = words[: 2 if words[0] in ("assignments", "bench") else 1]
    shown = CliRunner().invoke(app, [*name, "--help"]).output
    assert "Usage" in shown
    for option in (w for w in words if w.startswith("-")):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", shown), f"{option} is not an option of {name}"


def test_the_workflow_runs_the_script_on_every_supported_python():
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.10", "3.11", "3.12", "3.13"]
    assert job["steps"][-1]["run"] == "bash .ci/run"
    (line,) = re.findall(r"^    (pip install .*--nbval)$", TEXT, re.M)
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert all(part in script for part in line.split(" && "))


def test_the_training_command_of_binder_passes_the_check():
    script = (ROOT / "binder/postBuild").read_text(encoding="utf-8").replace("\\\n", " ")
    (command,) = re.findall(r"^ppocr-lessons (train .*)$", script, re.M)
    words = [word for word in shlex.split(command) if word not in ("--max-steps", "1")]
    done = CliRunner().invoke(app, [*words, "--check"])
    assert done.exit_code == 0, done.output


def test_numbers_of_the_ablation_are_those_of_its_record():
    result = json.loads((ROOT / "data/results/ablation_det.json").read_text(encoding="utf-8"))
    page = " ".join((ROOT / "data/README.md").read_text(encoding="utf-8").split())
    assert f"{len(result['table'])} rows, {len(result['records'])} training runs" in page
    steps = [record["steps"] for record in result["records"]]
    assert f"{min(steps)} to {max(steps)} steps" in page
    repeated = [row for row in result["table"] if row["section"].startswith("2.1") and len(row["seeds"]) == 3]
    spreads = [row["spread"] for row in repeated]
    assert f"it is {min(spreads):.3f} to {max(spreads):.3f}" in page
    for name in re.findall(r"`(\w+\.(?:json|safetensors))`", page):
        assert (ROOT / "data/results" / name).is_file()


def test_the_table_of_systems_is_the_recorded_one():
    record = json.loads((ROOT / "data/results/read_real.json").read_text(encoding="utf-8"))
    for row in record["rows"]:
        mb = "-" if row["mb"] is None else f"{row['mb']:.1f}"
        cells = (
            f"{row['precision']:.2f} / {row['recall']:.2f} / {row['hmean']:.3f}",
            f"{row['word_f1']:.3f}",
            f"{row['exact_words']} of {row['words']}",
            f"{row['ms']:.0f}",
            mb,
        )
        assert f"| {row['system']} | " + " | ".join(cells) + " |" in TEXT, row["system"]
    assert f"{record['texts']} lines" in TEXT and f"{record['crops']} crops" in TEXT
