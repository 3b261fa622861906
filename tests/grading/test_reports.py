"""Reports: CSV that no spreadsheet runs, HTML in which nothing of a submission is markup, JSON of a fixed form."""

import base64
import csv
import hashlib
import html.parser
import io
import json

import pytest

from ppocr_lessons.grading import report, report_html

NASTY = '=cmd|"/C calc"!A0\n<script>alert(1)</script>,\u202e../x.ipynb'


def result(name, status="ok", reason="", traceback=""):
    questions = [
        {"id": "total", "points": 1.5, "max": 2, "reason": "nearly"},
        {"id": "parity", "points": 1.0, "max": 1, "reason": "right"},
    ]
    row = {"submission": name, "assignment": "tiny", "status": status, "score": 2.5, "max": 3, "seconds": 1.2}
    return {"row": {**row, "questions": questions}, "reason": reason, "message": "", "traceback": traceback}


def test_json_has_the_agreed_form():
    rows = json.loads(report.as_json([result("a"), result(NASTY)]))
    assert list(rows[0]) == ["submission", "assignment", "status", "score", "max", "seconds", "questions"]
    assert list(rows[0]["questions"][0]) == ["id", "points", "max", "reason"]
    assert rows[1]["submission"] == NASTY
    assert "seconds" not in json.loads(report.as_json([result("a")], reproducible=True))[0]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "|x", "%x"])
def test_no_cell_of_the_table_is_a_formula(text):
    table = report.as_csv([result(text, reason=text)])
    row = next(csv.DictReader(io.StringIO(table)))
    assert row["submission"].lstrip()[0] not in "=+-@|%" and row["reason"].lstrip()[0] not in "=+-@|%"


def test_the_table_has_a_line_per_submission():
    table = report.as_csv([result("a"), result(NASTY)])
    assert len(table.splitlines()) == 3
    first, second = csv.DictReader(io.StringIO(table))
    assert first["total"] == "1.5" and first["reason"] == "total: nearly" and first["seconds"] == "1.2"
    assert "\\n<script>" in second["submission"] and "\\u202e" in second["submission"]
    assert "seconds" not in report.as_csv([result("a")], reproducible=True)
    assert report.as_csv([]).startswith("submission,")


class Tags(html.parser.HTMLParser):
    """Collects tags, attributes and text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


def test_nothing_of_a_submission_is_markup():
    bad = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    page = Tags(report_html.student_page(result(NASTY, bad, bad, f"\x1b[31m{bad}\x1b[0m\n\x07"), "x.ipynb"))
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "svg"}
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert [value for name, value in page.attributes if name == "href"] == ["x.ipynb", "index.html"]
    assert page.text.count(bad) == 3 and "\\x07" in page.text and "\x1b" not in page.text


def test_pages_permit_nothing_but_their_style():
    for page in (
        report_html.student_page(result("a"), None),
        report_html.index_page([result("a")], ["a.html"]),
    ):
        policy = [value for name, value in Tags(page).attributes if name == "content" and "src" in value]
        assert policy == [report_html.POLICY]
        style = page.split("<style>")[1].split("</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert policy[0].startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def test_the_index_links_every_page():
    page = Tags(report_html.index_page([result("a"), result(NASTY)], ["a-1.html", "b-2.html"]))
    assert [value for name, value in page.attributes if name == "href"] == ["a-1.html", "b-2.html"]


def test_a_page_without_a_notebook_or_times():
    page = report_html.student_page(result("a"), None, reproducible=True)
    assert (
        ".ipynb" not in page
        and "1.2 s" not in page
        and "1.2 s" in report_html.student_page(result("a"), None)
    )
