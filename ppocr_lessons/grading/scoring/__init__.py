"""Scorers of the assignments, one module each. They recompute the right answers from the parameters and store none."""
