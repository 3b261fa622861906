"""Nets that teach each other, and nets that are taught (chapters 3.1.1 and 3.2.2)."""
