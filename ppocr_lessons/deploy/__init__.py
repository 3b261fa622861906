"""Inference: export of trained networks, and running them with Paddle's inference engine."""

from ..runtime import require_paddle

require_paddle()
