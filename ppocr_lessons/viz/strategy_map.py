"""The map of all strategies, with a link to the notebook of each, and their table."""

from html import escape

from IPython.display import HTML, Markdown

from ..strategies import STRATEGIES, Strategy

STAGES = {"det": "Text detection", "cls": "Direction classifier", "rec": "Text recognition"}
EDITIONS = {1: "PP-OCR", 2: "PP-OCRv2"}

# Explicit colors, so that the map can be read in a dark theme as well. Websites that render notebooks remove the
# styles but keep the table, its headings and its links.
_CELL = "vertical-align: top; text-align: left; background-color: #ffffff; color: #000000; font-size: 14px"
_COLORS = {"det": "#0072B2", "cls": "#9A6A00", "rec": "#007A5A"}


def in_chapter_order() -> list[Strategy]:
    """All strategies, sorted by their section of the chapter; those of one section stay in the order of the index."""
    return sorted(STRATEGIES, key=lambda s: [int(part) for part in s.section.split(".")])


def _entry(strategy: Strategy) -> str:
    title = f"{strategy.section} {escape(strategy.title)}"
    return f'<div style="padding: 3px"><a href="{strategy.notebook}">{title}</a></div>'


def show_map() -> HTML:
    """All strategies in chapter order: one column for each net, one row for each edition.

    Returns: an HTML table in which every strategy links to its notebook. The links are relative to the
        folder of the notebooks.
    """
    ordered = in_chapter_order()
    head = "".join(
        f'<th style="{_CELL}; color: {_COLORS[stage]}; border-bottom: 3px solid {_COLORS[stage]}">{title}</th>'
        for stage, title in STAGES.items()
    )
    body = ""
    for edition, name in EDITIONS.items():
        count = sum(len(s.stages) for s in STRATEGIES if s.edition == edition)
        body += f'<tr><th style="{_CELL}">{name}<br>{count} strategies</th>'
        for stage in STAGES:
            entries = [_entry(s) for s in ordered if s.edition == edition and stage in s.stages]
            body += f'<td style="{_CELL}">{"".join(entries)}</td>'
        body += "</tr>"
    return HTML(f'<table><tr><th style="{_CELL}"></th>{head}</tr>{body}</table>')


def show_table() -> Markdown:
    """All strategies in chapter order: nets, notebook, file and published effect of each.

    Returns: a Markdown table. Its links are relative to the folder of the notebooks.
    """
    lines = ["| section | strategy | nets | notebook | file | published effect |", "|--|--|--|--|--|--|"]
    for s in in_chapter_order():
        number = s.notebook.split("_")[0]
        notebook = f"[{number}]({s.notebook})"
        path = s.symbol.split(":")[0].replace(".", "/") + ".py"
        file = f"[{path}](../ppocr_lessons/{path})" if s.done else f"{path}, to come"
        lines.append(
            f"| {s.section} | {s.title} | {', '.join(s.stages)} | {notebook} | {file} | {s.claim} ({s.source}) |"
        )
    return Markdown("\n".join(lines))
