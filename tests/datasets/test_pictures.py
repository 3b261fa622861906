"""Every kind of picture, and every kind of thing that is none."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ppocr_lessons.datasets import pictures
from ppocr_lessons.datasets.pictures import PictureError, read_picture, read_training_picture

RGB = (np.indices((20, 30)).sum(0)[..., None] * (1, 2, 3)).astype(np.uint8)


def _bytes(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_path_bytes_array_and_pil_agree(tmp_path):
    image = Image.fromarray(RGB)
    path = tmp_path / "a b.png"
    image.save(path)
    for source in (path, str(path), path.read_bytes(), bytearray(path.read_bytes()), RGB, image):
        np.testing.assert_array_equal(read_picture(source), RGB)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16", "F", "YCbCr"])
def test_modes(mode):
    image = Image.fromarray(RGB[..., 0])
    if mode == "I;16":
        image = Image.fromarray(RGB[..., 0].astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(RGB[..., 0].astype(np.float32) / 255)
    elif mode != "L":
        image = image.convert(mode)
    out = read_picture(image)
    assert out.shape == (20, 30, 3) and out.dtype == np.uint8
    if mode != "1":
        assert np.abs(out[..., 1].astype(int) - RGB[..., 0]).max() <= 3


def test_sixteen_bit_file():
    deep = Image.fromarray(RGB[..., 0].astype(np.uint16) * 257)
    assert np.abs(read_picture(_bytes(deep))[..., 0].astype(int) - RGB[..., 0]).max() <= 1


def test_transparent_is_white():
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert (read_picture(image) == 255).all()
    assert (read_picture(np.asarray(image)) == 255).all()
    palette = Image.new("P", (8, 8), 3)
    palette.info["transparency"] = 3
    assert (read_picture(palette) == 255).all()


def test_exif_orientation():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    turned = read_picture(_bytes(Image.fromarray(RGB), "JPEG", exif=exif, quality=95))
    assert turned.shape == (30, 20, 3)
    assert np.abs(turned.astype(int) - np.rot90(RGB, -1)).mean() < 3


@pytest.mark.parametrize(
    "array",
    [
        RGB[..., 0],
        RGB[..., :1],
        RGB,
        np.dstack([RGB, np.full((20, 30), 255, np.uint8)]),
        RGB[..., 0] > 20,
        RGB / 255.0,
    ],
    ids=["gray", "one channel", "rgb", "rgba", "bool", "float"],
)
def test_arrays(array):
    assert read_picture(array).shape == (20, 30, 3)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (np.zeros((1, 1, 3), np.uint8), "1 x 1 is too small"),
        (np.zeros((5, 5, 2), np.uint8), r"shape \(5, 5, 2\)"),
        (np.zeros((5,), np.uint8), "shape"),
        (np.full((8, 8), np.nan), "infinite or NaN"),
        (np.full((8, 8), 255.0), "the range 0 to 1 is needed"),
        (np.full((8, 8), -5), "8 or 16 bits"),
        (np.full((8, 8), "a"), "uint8"),
        (b"", "not an image"),
        (b"hello, I am a text", "not an image"),
        (None, "NoneType"),
        (17, "int"),
        ("nowhere/to/be/found.png", "found.png: no such file"),
    ],
)
def test_what_is_no_picture(source, words):
    with pytest.raises(PictureError, match=words):
        read_picture(source)


def test_text_named_jpg(tmp_path):
    path = tmp_path / "note.jpg"
    path.write_text("not a picture")
    with pytest.raises(PictureError, match=r"note\.jpg: not an image"):
        read_picture(path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_cut_off_files_are_never_half_read(tmp_path, kind, share):
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    data = _bytes(Image.fromarray(noise), kind)
    path = tmp_path / f"cut.{kind.lower()}"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(PictureError, match=rf"cut\.{kind.lower()}: (damaged or truncated|not an image)"):
        read_picture(path)


def test_too_large_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "large.png"
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(PictureError, match=r"large\.png.*pixels"):
        read_picture(path)


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "LA", "CMYK", "PA"])
def test_tiles_make_no_difference(mode, monkeypatch):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (37, 53, 4), np.uint8), "RGBA")
    image = image.convert("RGB").convert(mode) if mode in ("P", "CMYK") else image.convert(mode)
    if mode == "P":
        image.info["transparency"] = 3
    whole = read_picture(image)
    monkeypatch.setattr(pictures, "TILE", 16)
    np.testing.assert_array_equal(read_picture(image), whole)


def test_a_given_image_is_left_as_it_is(tmp_path):
    image = Image.fromarray(RGB)
    image.getexif()[274] = 6
    assert read_picture(image).shape == (30, 20, 3)
    assert image.size == (30, 20) and image.getexif()[274] == 6


LARGE = """
import resource, sys
import numpy as np
from PIL import Image
from ppocr_lessons.datasets.pictures import read_picture
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert read_picture(sys.argv[1]).shape[2] == 3
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(
    ("mode", "size"), [("RGB", (9000, 9000)), ("RGBA", (9000, 9000)), ("RGB", (16_000_000, 5))]
)
def test_memory_of_the_largest_pictures(mode, size, tmp_path):
    Image.new(mode, size, "white").save(tmp_path / "large.png", compress_level=1)
    done = subprocess.run(
        [sys.executable, "-c", LARGE, tmp_path / "large.png"], capture_output=True, text=True
    )
    assert int(done.stdout) < 900_000, done.stderr  # kilobytes: Pillow's four bytes a pixel and our three


def test_folder(tmp_path):
    with pytest.raises(PictureError, match="no such file"):
        read_picture(tmp_path)


def test_the_quick_way_sees_the_same_and_refuses_the_same(tmp_path):
    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    picture = np.asarray(Image.fromarray(picture).resize((240, 160)))
    for name, options in (("a.jpg", {"quality": 95}), ("b.png", {}), ("c.jpg", {"exif": _turned()})):
        path = tmp_path / name
        Image.fromarray(picture).save(path, **options)
        careful, quick = read_picture(path), read_training_picture(path)
        assert careful.shape == quick.shape and np.abs(careful.astype(int) - quick).mean() < 0.5
        np.testing.assert_array_equal(read_training_picture(path.read_bytes()), quick)
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    for name in ("cut.jpg", "text.jpg", "gone.jpg"):
        with pytest.raises(PictureError, match=name):
            read_training_picture(tmp_path / name)


USUAL = [{}, {"progressive": True}, {"optimize": True}, {"comment": b"x"}, {"subsampling": 0}, {"quality": 5}]


@pytest.mark.parametrize("options", USUAL)
def test_usual_headers_need_no_pillow(options, rng):
    data = _bytes(Image.fromarray(rng.integers(0, 255, (40, 60, 3)).astype(np.uint8)), "JPEG", **options)
    assert pictures._has_usual_header(data) and pictures._has_good_header(data)


def test_whatever_passes_without_pillow_passes_with_it(rng):
    """Headers with changed, missing and cut bytes; gray, CMYK and rotated pictures, which only Pillow may judge."""
    picture = Image.fromarray(rng.integers(0, 255, (40, 60, 3)).astype(np.uint8))
    files = [_bytes(picture, "JPEG", **options) for options in USUAL]
    unusual = [
        _bytes(picture.convert("L"), "JPEG"),
        _bytes(picture.convert("CMYK"), "JPEG"),
        _bytes(picture, "JPEG", exif=_turned()),
    ]
    unusual.append(_bytes(picture, "JPEG", icc_profile=b"abc"))
    assert not any(map(pictures._has_usual_header, unusual))
    passed = 0
    for file in files + unusual:
        end = file.index(b"\xff\xda") + 14
        for _ in range(400):
            data = bytearray(file)
            for place in rng.integers(2, end, rng.integers(1, 4)):
                data[place] = rng.choice([rng.integers(0, 256), 0, 1, 2, 0xC0, 0xDA, 0xE1, 0xFF])
            if rng.random() < 0.1:
                data = data[: rng.integers(2, len(data))]
            if pictures._has_usual_header(bytes(data)):
                passed += 1
                assert pictures._has_good_header(bytes(data)), data[:end].hex()
    assert 200 < passed < 3800


def _turned():
    exif = Image.Exif()
    exif[274] = 6
    return exif
