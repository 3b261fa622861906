"""Pictures on their way into the nets."""

import numpy as np
import pytest

from ppocr_lessons.datasets.resize import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    fit_line,
    line_width,
    normalize_page,
    page_size,
)


def test_line_is_bgr_and_padded():
    image = np.zeros((16, 32, 3), np.uint8)
    image[..., 0] = 255  # red
    out = fit_line(image, 32, 100)
    assert out.shape == (3, 32, 100)
    assert (out[2, :, :64] == 1).all() and (out[:2, :, :64] == -1).all() and (out[:, :, 64:] == 0).all()


def test_long_lines_are_squeezed():
    assert (fit_line(np.full((10, 500, 3), 255, np.uint8), 32, 320) == 1).all()


def test_page_is_bgr_with_imagenets_numbers_in_their_own_order():
    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 0] = 255
    out = normalize_page(image)
    assert out[2, 0, 0] == pytest.approx((1 - IMAGENET_MEAN[2]) / IMAGENET_STD[2])
    assert out[0, 0, 0] == pytest.approx(-IMAGENET_MEAN[0] / IMAGENET_STD[0])


@pytest.mark.parametrize(
    ("size", "limit_side_len", "limit_type", "expected"),
    [
        ((720, 1280), 960, "max", (544, 960)),
        ((100, 200), 960, "max", (96, 192)),
        ((720, 1280), 736, "min", (736, 1312)),
        ((10, 10), 960, "max", (32, 32)),
        ((720, 1280), 960, "resize_long", (544, 960)),
        ((100, 200), 960, "resize_long", (480, 960)),
    ],
)
def test_page_size(size, limit_side_len, limit_type, expected):
    assert page_size(*size, limit_side_len=limit_side_len, limit_type=limit_type) == expected


def test_unknown_rule():
    with pytest.raises(ValueError, match="limit_type is 'long'"):
        page_size(10, 10, limit_side_len=960, limit_type="long")


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3)])
def test_empty_lines_are_refused(shape):
    for resize in (fit_line, lambda image: line_width(image, 32)):
        with pytest.raises(ValueError, match=f"the line is empty: {shape[0]} x {shape[1]} pixels"):
            resize(np.zeros(shape, np.uint8))
