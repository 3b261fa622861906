"""Configurations in the format of PaddleOCR: read, validated and built. The course's own files are here as well."""

from .problems import ConfigError
from .read import read_config
from .yaml_file import diff

__all__ = ["ConfigError", "diff", "read_config"]
