"""Provenance of measured numbers: command, machine, commit and date."""

import datetime
import json
import pathlib
import subprocess

from ..runtime import describe_machine


def source_commit() -> str:
    """Commit of the checkout that contains this file, or "unknown"."""
    folder = str(pathlib.Path(__file__).parent)
    try:
        done = subprocess.run(
            ["git", "-C", folder, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        )
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def provenance(command: str) -> dict[str, str]:
    """Where a result comes from.

    Args:
        command: command line that reproduces the result.

    Returns: machine, command, commit and date.
    """
    return {
        "machine": describe_machine(),
        "command": command,
        "commit": source_commit(),
        "date": datetime.date.today().isoformat(),
    }


def write_result(out, parts: dict, command: str) -> dict:
    """Write the result of an ablation to `result.json`, with its provenance.

    Args:
        out: folder of all runs.
        parts: table, records and so on.
        command: command line that reproduces the result.

    Returns: the parts, with machine, command, commit and date.
    """
    result = {**parts, **provenance(command)}
    (pathlib.Path(out) / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result


def read_records(out, pattern: str) -> list[dict]:
    """Records of the finished runs of an ablation.

    Args:
        out: folder of all runs.
        pattern: of their files in it.
    """
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(pathlib.Path(out).glob(pattern))]


def known_rows(only: list[str] | None, rows) -> list[str]:
    """Select and check the requested rows of an ablation.

    Args:
        only: their names; None for all.
        rows: names of all rows.

    Raises:
        ValueError: an unknown row.
    """
    unknown = [name for name in only or () if name not in rows]
    if unknown:
        raise ValueError(f"unknown rows {unknown}; known are {list(rows)}")
    return list(only or rows)
