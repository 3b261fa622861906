"""`python -m ppocr_lessons` runs the same program as `ppocr-lessons`; so does `python ppocr_lessons`, which Paddle's launcher uses."""

import pathlib
import sys

if not __package__:
    # Python puts a folder that it runs first on sys.path, where modules of this package would shadow other modules.
    sys.path[0] = str(pathlib.Path(__file__).parents[1])

INTERRUPTED = 130
"""Exit code after Ctrl-C, following the shell convention: 128 plus the number of the signal."""


def main() -> None:
    """Run the command line.

    Raises:
        SystemExit: with the exit code of the command.
    """
    try:
        from ppocr_lessons.cli import app  # takes a tenth of a second
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    app()


if __name__ == "__main__":
    main()
