"""Choices that options of the command line offer."""

from enum import Enum


class Only(str, Enum):
    """Stages that `read` can stop after."""

    det = "det"


class Kind(str, Enum):
    """Kinds of synthetic data sets."""

    det = "det"
    rec = "rec"
    cls = "cls"


class Fonts(str, Enum):
    """Font sets that `synth` can draw with."""

    course = "course"
    system = "system"


class Trained(str, Enum):
    """Weights that `read` can use; see zoo.pretrained.WEIGHTS."""

    english = "english"
    course = "course"
    official = "official"


class Language(str, Enum):
    """Languages of synthetic text."""

    en = "en"
    zh = "zh"


class Foreign(str, Enum):
    """Label formats that `convert` reads."""

    icdar = "icdar"
