"""Configurations of PaddleOCR's kind, read on top of the constructors, and the course's own."""

from .problems import ConfigError
from .read import read_config
from .yaml_file import diff

__all__ = ["ConfigError", "diff", "read_config"]
