"""Helpers of the assignment notebooks: inputs drawn from a seed, and checks that students see.

The modules here contain no answers. The scoring process draws the same inputs from the same seed.
"""
