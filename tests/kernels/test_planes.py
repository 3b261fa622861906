"""The compiled way to normalized planes."""

import numpy as np
import pytest

from ppocr_lessons.datasets import transforms
from ppocr_lessons.datasets.sample import Sample


@pytest.mark.parametrize("bgr", [True, False])
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("view", [np.s_[:], np.s_[:, ::-1]], ids=["as it lies", "mirrored"])
def test_planes_are_the_formula(bgr, compiled, view, rng, monkeypatch):
    if not compiled:
        monkeypatch.setattr(transforms, "look_up_planes", None)
    elif transforms.look_up_planes is None:
        pytest.skip("numba is not installed")
    image = rng.integers(0, 256, (7, 11, 3)).astype(np.uint8)[view]
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    sample = Sample("page", None, "", image=image, bgr=bgr)
    transforms.NormalizeImage()(rng, sample)
    transforms.ToCHWImage()(rng, sample)
    pixels = image[..., ::-1] if bgr else image
    assert sample.image.dtype == np.float32 and sample.image.flags.c_contiguous
    np.testing.assert_allclose(sample.image, ((pixels / 255 - mean) / std).transpose(2, 0, 1), atol=1e-5)


@pytest.mark.parametrize("bgr", [True, False])
def test_all_bytes_are_those_of_the_table_to_the_last_bit(bgr, rng):
    """Whole vectors of pixels and what is left of a row, at several scales."""
    for width in (1, 7, 8, 9, 40):
        image = rng.integers(0, 256, (40, width, 3)).astype(np.uint8)
        normalize = transforms.NormalizeImage(
            scale=rng.choice([1 / 255, 1.0]), mean=rng.normal(0, 1, 3), std=rng.uniform(0.01, 2, 3)
        )
        sample = Sample("page", None, "", image=image, bgr=bgr)
        normalize(rng, sample)
        pixels = image[..., ::-1] if bgr else image
        expected = [normalize.tables[channel][pixels[..., channel]] for channel in range(3)]
        np.testing.assert_array_equal(sample.image.transpose(2, 0, 1), expected)
