"""Augmentation: each operation first draws what it will do, then does it, so a draw can be replayed and shown."""
