"""`python -m ppocr_lessons` is `ppocr-lessons`."""

from .cli import app

app()
