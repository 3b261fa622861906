"""Pruning: remove filters from a trained network to make it smaller and faster (chapter 2.1.5)."""
