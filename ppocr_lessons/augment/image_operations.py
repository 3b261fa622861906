"""Operations on whole images that AutoAugment and RandAugment choose from (chapter 2.2.2).

Shears, a rotation, translations and changes of color. Each takes a value in its own unit. The two methods convert
magnitudes to these values differently; see their files.
"""

import math

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from ..kernels.lazily import accelerated_from

ENHANCERS = {
    "color": ImageEnhance.Color,
    "contrast": ImageEnhance.Contrast,
    "sharpness": ImageEnhance.Sharpness,
    "brightness": ImageEnhance.Brightness,
}
WITHOUT_VALUE = {
    "autocontrast": ImageOps.autocontrast,
    "equalize": ImageOps.equalize,
    "invert": ImageOps.invert,
}
NAMES = (
    *("shearX", "shearY", "translateX", "translateY", "rotate", "posterize", "solarize"),
    *ENHANCERS,
    *WITHOUT_VALUE,
)
GRAY = (128, 128, 128)
"""Color of pixels that a shear, a rotation or a translation leaves empty."""


@accelerated_from("image_operations", "operate_compiled")
def operate(image: np.ndarray, name: str, value: float) -> np.ndarray:
    """Apply one operation to an image.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        name: one of NAMES.
        value: shear as a tangent, translation as a fraction of the side, rotation in degrees counterclockwise,
            factor of an enhancer, bits that posterize keeps (1 to 8), value from which solarize inverts (0 to 256);
            the operations of WITHOUT_VALUE do not use it.

    Returns: a new array, (H, W, 3) uint8 RGB.

    Raises:
        ValueError: an unknown name.
    """
    return np.array(_operate(Image.fromarray(np.ascontiguousarray(image)), name, value))


def _operate(picture, name, value):
    if name in ENHANCERS:
        return ENHANCERS[name](picture).enhance(value)
    if name.startswith(("shear", "translate")):
        matrix = {
            "shearX": (1, value, 0, 0, 1, 0),
            "shearY": (1, 0, 0, value, 1, 0),
            "translateX": (1, 0, value * picture.width, 0, 1, 0),
            "translateY": (1, 0, 0, 0, 1, value * picture.height),
        }[name]
        look_up = Image.Resampling.BICUBIC if name.startswith("shear") else Image.Resampling.NEAREST
        return picture.transform(picture.size, Image.Transform.AFFINE, matrix, look_up, fillcolor=GRAY)
    if name == "rotate":
        return picture.rotate(value, fillcolor=GRAY)
    if name == "posterize":
        return ImageOps.posterize(picture, int(value))
    if name == "solarize":
        return ImageOps.solarize(
            picture, math.ceil(value)
        )  # values below a threshold stay, and they are integers
    if name not in WITHOUT_VALUE:
        raise ValueError(f"operation {name!r}; known are {list(NAMES)}")
    return WITHOUT_VALUE[name](picture)
