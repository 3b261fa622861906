"""`ppocr-lessons strategies`."""

from typing import Annotated

import typer


def strategies(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the strategies of PP-OCR and PP-OCRv2: section, implementation and published effect."""
    from .. import strategies as index

    if as_json:
        typer.echo(index.as_json())
        return
    for s in index.STRATEGIES:
        place = s.symbol if s.done else f"{s.symbol} (to come)"
        typer.echo(f"{s.key:22} ed. {s.edition}  {'+'.join(s.stages):4} {s.section:6} {place:45} {s.claim}")
