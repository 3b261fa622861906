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


class Style(str, Enum):
    """Styles that `synth` can draw in; see datasets.synthetic.write.STYLES."""

    print = "print"
    photo = "photo"


class Trained(str, Enum):
    """Weights that `read` can use; see zoo.pretrained.WEIGHTS."""

    english = "english"
    course = "course"
    pages = "pages"
    official = "official"


class Engine(str, Enum):
    """Programs that can run the networks; see deploy.engines.ENGINES."""

    paddle = "paddle"
    openvino = "openvino"
    onnxruntime = "onnxruntime"


class Language(str, Enum):
    """Languages of synthetic text."""

    en = "en"
    zh = "zh"


class Foreign(str, Enum):
    """Label formats that `convert` reads."""

    icdar = "icdar"
    labelme = "labelme"
    coco_text = "coco-text"
