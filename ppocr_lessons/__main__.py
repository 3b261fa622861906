"""`python -m ppocr_lessons` is `ppocr-lessons`; so is `python ppocr_lessons`, which Paddle's launcher makes of it."""

import pathlib
import sys

if not __package__:
    # Run as a folder, this package is no package, and its modules stand in the way of others of their names.
    sys.path[0] = str(pathlib.Path(__file__).parents[1])

from ppocr_lessons.cli import app

app()
