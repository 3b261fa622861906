"""The labels of the direction classifier."""

DIRECTIONS = ("0", "180")
"""Labels of the two classes in degrees, in the order of the logits."""
