"""Quantization: networks whose weights and activations are small integers (chapters 2.2.4 and 2.3.5)."""
