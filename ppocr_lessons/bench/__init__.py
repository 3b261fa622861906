"""Measurements that a reader can repeat: interleaved variants and medians within one run."""
