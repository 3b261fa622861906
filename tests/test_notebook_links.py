"""Every link in every notebook leads somewhere, and the navigation lines form one chain.

Nothing is fetched: a link to another site only has to be a well-formed address.
"""

import itertools
import pathlib
import re
from urllib.parse import unquote, urlsplit

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from . import notebook_rules as rules

ROOT = pathlib.Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def links_in(notebook) -> list[str]:
    """Targets of the links in the prose of a notebook and in its Markdown and HTML outputs."""
    texts = rules.prose_of(notebook)
    for cell in rules.code_cells(notebook):
        for output in cell.outputs:
            texts += [output.get("data", {}).get(kind, "") for kind in ("text/markdown", "text/html")]
    return [target for text in texts for target in rules.links_of(text)]


def headings(text: str) -> list[str]:
    """Headings of a Markdown text without their marks."""
    return [re.sub(r"[*`$]", "", h).strip() for h in re.findall(r"^#{1,6} (.+)$", text, re.M)]


def anchors(path: pathlib.Path) -> set[str]:
    """Names that a link to a file may have after its #: JupyterLab's for a notebook, GitHub's for Markdown and source."""
    if path.suffix == ".ipynb":
        return {h.replace(" ", "-") for h in headings("\n".join(rules.prose_of(rules.read_notebook(path))))}
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings(text)}
    return {f"L{number}" for number in range(1, text.count("\n") + 2)}


def fault_of(target: str, source: pathlib.Path, root: pathlib.Path = ROOT) -> str:
    """What is wrong with a link in the file `source`, or an empty string."""
    if re.match(r"[a-z]+:", target):
        parts = urlsplit(target)
        whole = parts.scheme == "https" and re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.netloc)
        return "" if whole else f"{target}: not a well-formed https address"
    name, _, anchor = unquote(target).partition("#")
    path = (source.parent / name).resolve() if name else source.resolve()
    if not path.is_relative_to(root.resolve()):
        return f"{target}: outside of the repository"
    if not path.exists():
        return f"{target}: no such file"
    if anchor and anchor not in anchors(path):
        return f"{target}: no such heading or line"
    return ""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_link_leads_somewhere(path):
    links = links_in(rules.read_notebook(path))
    assert links, "a notebook without a single link"
    assert [fault for target in links if (fault := fault_of(target, path))] == []


def test_navigation_is_one_chain():
    """Next leads from the first notebook through all of them to the last one, and Previous leads back."""
    forth, back, names = {}, {}, {}
    for path in NOTEBOOKS:
        lines = rules.navigation_of(rules.read_notebook(path))
        assert len(lines) == 2 and lines[0] == lines[1], f"{path.name}: {len(lines)} navigation lines"
        for label, target in re.findall(r"\[([^\]]+)\]\(([^)]+)\)", lines[0]):
            if label.startswith("← Previous: "):
                back[path.name] = target
                names.setdefault(target, set()).add(label.removeprefix("← Previous: "))
            elif label.startswith("Next: "):
                forth[path.name] = target
                names.setdefault(target, set()).add(label.removeprefix("Next: ").removesuffix(" →"))
    order = [path.name for path in NOTEBOOKS]
    assert forth == dict(itertools.pairwise(order))
    assert back == dict(itertools.pairwise(reversed(order)))
    assert {target: found for target, found in names.items() if len(found) > 1} == {}, (
        "one name for a chapter"
    )


def test_the_contents_lead_to_every_notebook():
    links = set(links_in(rules.read_notebook(NOTEBOOKS[0])))
    assert {path.name for path in NOTEBOOKS[1:]} <= links


def test_broken_links_are_found(tmp_path):
    (tmp_path / "notebooks").mkdir()
    here, there = tmp_path / "notebooks/01_a.ipynb", tmp_path / "README.md"
    rules.write_notebook(new_notebook(cells=[new_markdown_cell("# 01 A\n\n## The point, checked")]), here)
    there.write_text("# Read me\n\n## Data, weights & results\n")
    (tmp_path / "code.py").write_text("x = 1\ny = 2\n")
    for good in ("01_a.ipynb", "#01-A", "01_a.ipynb#The-point,-checked", "../README.md#data-weights--results",
                 "../code.py#L2", "https://arxiv.org/abs/1911.08947", "../"):  # fmt: skip
        assert fault_of(good, here, tmp_path) == "", good
    for bad, words in (
        ("02_b.ipynb", "no such file"), ("01_a.ipynb#Nowhere", "no such heading"), ("#01-B", "no such heading"),
        ("../README.md#Read-me", "no such heading"), ("../code.py#L9", "no such heading"), ("../../x", "outside"),
        ("http://arxiv.org/abs/1", "well-formed"), ("https://arxiv", "well-formed"), ("https:/arxiv.org", "well-formed"),
    ):  # fmt: skip
        assert words in fault_of(bad, here, tmp_path), bad


def test_links_are_found_in_markdown_and_html():
    text = 'See [a](x.md), ![b](y.png) and <a href="z.html">c</a>; `[not](code)` is code.'
    assert rules.links_of(text) == ["x.md", "y.png", "z.html"]
