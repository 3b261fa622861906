"""Trained weights: reading, conversion, fine-tuning, and the recipes of the shipped networks."""

from ..runtime import require_paddle

require_paddle()
