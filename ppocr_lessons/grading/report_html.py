"""Reports of a graded folder as HTML: a page per student, and a list of them.

Texts of submissions are escaped, and the content security policy of each page allows only its style sheet.
"""

import base64
import hashlib
import html
import re
import urllib.parse

from ..output_files import MARK
from .report import Result, on_one_line

STYLE = """
body { font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; line-height: 1.45; color: #1a1a1a; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #bbb; padding: .4em .6em; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
td.points, th.points { text-align: right; white-space: nowrap; }
pre { background: #f3f3f3; padding: .8em; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
h1 { overflow-wrap: anywhere; }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
_COLORS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def _text(value: str) -> str:
    return html.escape(on_one_line(value))


def _lines(value: str) -> str:
    kept = (
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode()
        for c in _COLORS.sub("", value)
    )
    return html.escape("".join(kept))


def _document(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">\n'
        f'<meta name="generator" content="{MARK}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n'
        f"<body>\n{body}</body>\n</html>\n"
    )


def _link(target: str, text: str, more: str = "") -> str:
    return f'<a href="{html.escape(urllib.parse.quote(target))}"{more}>{text}</a>'


def student_page(result: Result, notebook: str | None, *, reproducible: bool = False) -> str:
    """The page of one submission.

    Args:
        result: of the submission.
        notebook: file name of the executed notebook beside the page, or None.
        reproducible: leave out the time of the run.
    """
    row = result["row"]
    time = "" if reproducible else f", {row['seconds']:.1f} s"
    parts = [
        f"<h1>{_text(row['submission'])}</h1>\n",
        f"<p>Assignment {_text(row['assignment'])}: <strong>{row['score']:g} of {row['max']:g} points</strong>, "
        f"status {_text(row['status'])}{time}.</p>\n",
    ]
    if result["reason"]:
        parts.append(f"<p>{_text(result['reason'])}</p>\n")
    parts.append('<table>\n<tr><th>question</th><th class="points">points</th><th>reason</th></tr>\n')
    for question in row["questions"]:
        parts.append(
            f'<tr><td>{_text(question["id"])}</td><td class="points">{question["points"]:g} of {question["max"]:g}</td>'
            f"<td>{_text(question['reason'])}</td></tr>\n"
        )
    parts.append("</table>\n")
    if result["message"] or result["traceback"]:
        parts.append(f"<h2>Error</h2>\n<pre>{_lines(result['traceback'] or result['message'])}</pre>\n")
    if notebook:
        parts.append(
            f"<p>{_link(notebook, 'Executed notebook', ' download')}: output of the student's code. Do not trust it.</p>\n"
        )
    parts.append(f"<p>{_link('index.html', 'All submissions')}</p>\n")
    return _document(_text(row["submission"]), "".join(parts))


def index_page(results: list[Result], pages: list[str]) -> str:
    """The list of all submissions.

    Args:
        results: of all submissions.
        pages: file name of the page of each.
    """
    title = f"Results: {_text(results[0]['row']['assignment'])}" if results else "Results"
    parts = [
        f"<h1>{title}</h1>\n<table>\n",
        '<tr><th>submission</th><th>status</th><th class="points">points</th></tr>\n',
    ]
    for result, page in zip(results, pages, strict=True):
        row = result["row"]
        parts.append(
            f"<tr><td>{_link(page, _text(row['submission']))}</td><td>{_text(row['status'])}</td>"
            f'<td class="points">{row["score"]:g} of {row["max"]:g}</td></tr>\n'
        )
    return _document(title, "".join(parts) + "</table>\n")
