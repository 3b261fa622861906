"""Losses, weighted sums of losses, and the interface between a training strategy and the trainer."""
