"""Nets at work: exported once, run by Paddle's inference engine."""

from ppocr_lessons.runtime import require_paddle

require_paddle()
