"""Nets at work: exported once, run by Paddle's inference engine."""

from ..runtime import require_paddle

require_paddle()
