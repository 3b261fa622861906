"""Measurements that a reader can repeat: variants in turn, medians, in one run."""
