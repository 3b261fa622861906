"""`python -m ppocr_lessons` runs the same program as `ppocr-lessons`; so does `python ppocr_lessons`, which Paddle's launcher uses."""

import pathlib
import sys

if not __package__:
    # Python runs a folder as a script and puts it first on sys.path, where modules of this package would hide others.
    sys.path[0] = str(pathlib.Path(__file__).parents[1])

from ppocr_lessons.cli import app

app()
