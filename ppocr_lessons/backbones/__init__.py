"""The feature extractors that the three nets share."""

from ppocr_lessons.runtime import require_paddle

require_paddle()
