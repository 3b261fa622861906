"""Augmenters of the library imgaug, for configurations whose IaaAugment has more than flip, rotation and scale.

The chapter's detection pipeline is IaaAugment, which wraps imgaug. Its three default augmenters (Fliplr, Affine, Resize)
are in geometry.py, which resamples the page only once; all others are imgaug's own.

imgaug 0.4.0 reads `np.sctypes` while it is imported. NumPy 2 has removed this name, so it is defined during the import.
"""

import numpy as np

KNOWN = (
    "AddToBrightness",
    "AdditiveGaussianNoise",
    "Affine",
    "AverageBlur",
    "ContrastNormalization",
    "ElasticTransformation",
    "Flipud",
    "GammaContrast",
    "GaussianBlur",
    "Grayscale",
    "JpegCompression",
    "LinearContrast",
    "MedianBlur",
    "MotionBlur",
    "Multiply",
    "MultiplyBrightness",
    "PerspectiveTransform",
    "SaltAndPepper",
    "Sharpen",
    "Add",
)


def import_imgaug():
    """Import imgaug on NumPy 1 or 2.

    Returns: the module imgaug.augmenters.

    Raises:
        ImportError: imgaug is not installed.
    """
    kinds = {
        "float": [np.float16, np.float32, np.float64],
        "int": [np.int8, np.int16, np.int32, np.int64],
        "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
    }
    missing = not hasattr(np, "sctypes")
    if missing:
        np.sctypes = kinds  # pyright: ignore[reportAttributeAccessIssue]
    try:
        import imgaug.augmenters
    finally:
        if missing:
            del np.sctypes  # pyright: ignore[reportAttributeAccessIssue]
    return imgaug.augmenters


class ImgaugStep:
    """One augmenter of imgaug.

    Args:
        name: one of KNOWN.
        arguments: `args` of the configuration; lists become tuples, which imgaug interprets as ranges.

    Raises:
        ValueError: unknown name, or arguments that imgaug rejects.
    PaddleOCR: AugmenterBuilder in ppocr/data/imaug/iaa_augment.py.
    """

    def __init__(self, name: str, arguments: dict):
        if name not in KNOWN:
            raise ValueError(f"augmenter {name!r}; known are {['Fliplr', 'Resize', *KNOWN]}")
        self.name = name
        arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}
        imgaug = import_imgaug()
        try:
            self.augmenter = getattr(imgaug, name)(**arguments)
        except Exception as error:  # imgaug checks with assert, among others
            raise ValueError(f"augmenter {name!r} of imgaug with {arguments}: {error}") from error

    def __call__(self, rng: np.random.Generator, image: np.ndarray, polygons: np.ndarray):
        """Augment an image and its polygons with the same random numbers.

        Args:
            rng: source of the seed that imgaug gets.
            image: (H, W, 3) uint8.
            polygons: (N, P, 2) in pixels.

        Returns: image (H', W', 3) uint8 and polygons (N, P, 2) float32; H' and W' depend on the augmenter.
        """
        self.augmenter.seed_(int(rng.integers(1 << 31)))
        fixed = self.augmenter.to_deterministic()
        polygons = np.asarray(polygons, np.float32)
        changed = fixed.augment_image(np.ascontiguousarray(image))
        if not polygons.size:
            return changed, polygons
        from imgaug import Keypoint, KeypointsOnImage

        points = KeypointsOnImage([Keypoint(*p) for p in polygons.reshape(-1, 2)], image.shape)
        moved = fixed.augment_keypoints(points).to_xy_array()
        return changed, moved.reshape(polygons.shape).astype(np.float32)
