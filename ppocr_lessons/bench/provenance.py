"""What is recorded beside every measured number: command, machine, commit and date."""

import datetime
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
        command: that makes the result again.

    Returns: machine, command, commit and date.
    """
    return {
        "machine": describe_machine(),
        "command": command,
        "commit": source_commit(),
        "date": datetime.date.today().isoformat(),
    }
