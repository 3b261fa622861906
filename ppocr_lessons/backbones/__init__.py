"""Backbones, the feature extractors of the three networks."""

from ..runtime import require_paddle

require_paddle()
