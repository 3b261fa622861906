"""Trained weights: reading, converting, fine-tuning, and the recipes that made the shipped nets."""

from ..runtime import require_paddle

require_paddle()
