"""Synthetic words, lines and pages, drawn from a seed with a fixed set of fonts."""
