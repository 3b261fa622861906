"""Scorers of the assignments, one module each. They recompute what is right from the parameters and store no answers."""
