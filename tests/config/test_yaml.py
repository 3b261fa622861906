"""YAML from anywhere: one error with file and line, in no time, or plain values."""

import time

import pytest

from ppocr_lessons.config import ConfigError
from ppocr_lessons.config.yaml_file import YamlFile, override, parse_value
from ppocr_lessons.config.yaml_values import MOST_CHARACTERS

MERGES = "\n".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)

BAD = {
    "control character": (b"a: b\nc: \x07", "bad.yml:2: not YAML: the character U\\+0007"),
    "no bool": (b'a: !!bool "x"', "bad.yml:1: 'x' is not of the type bool"),
    "no int": (b'a: !!int "x"', "'x' is not of the type int"),
    "million digits": (b"a: " + b"9" * 1_000_000, "more than 200000 characters"),
    "digits": (b"a: " + b"9" * 150_000, "a number of 150000 characters"),
    "digits and a point": (b"a: " + b"1" * 90_000 + b"." + b"1" * 90_000, "a number of 180001 characters"),
    "hexadecimal": (b"a: 0x" + b"f" * 100_000, "a number of"),
    "base 60": (b"a: 1" + b":30" * 50_000, "a number of"),
    "set": (b"a: !!set {x, y}", "without objects.*set"),
    "ordered map": (b"a: !!omap [x: y]", "without objects"),
    "bytes": (b"a: !!binary aGFsbG8=", "without objects"),
    "unknown tag": (b"a: !foo x", "without objects: !foo"),
    "contains itself": (b"a: &a [*a]", "contains itself"),
    "merges itself": (b"a: &a {<<: *a}", "contains itself"),
    "merge of a number": (b"a: {<<: 5}", "bad.yml:1: << takes named values"),
    "merges that grow": (("a: &a {k: v}\n" + MERGES).encode(), "more than 20000 values"),
    "deep lists": (b"a: " + b"[" * 50_000, "levels"),
    "deep sections": (b"a: " + b"{a: " * 30_000, "levels"),
    "indented": (b"".join(b" " * i + b"a:\n" for i in range(400)), "levels"),
    "large": (b"a: b\n" * 60_000, f"more than {MOST_CHARACTERS} characters"),
    "binary": (bytes(range(256)), "cannot be read"),
    "UTF-16": ("a: b".encode("utf-16"), "cannot be read"),
    "UTF-16 without its mark": ("a: b".encode("utf-16-le"), r"U\+0000"),
    "tab": (b"a:\n\tb: 1", "bad.yml:2: not YAML"),
    "escape out of range": (b'a: "\\UFFFFFFFF"', "not YAML"),
    "half a character": (b'a: "\\uD800"', "not a text"),
    "zero": (b'a: "\\0"', "not a text"),
    "long text": (b"a: " + b"x" * 5000, "a text of 5000 characters"),
    "list as a key": (b"? [a, b]\n: c", "is not a name"),
    "nothing as a key": (b"~: c", "is not a name"),
    "no such alias": (b"a: *b", "undefined alias"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_refused(name, tmp_path):
    text, said = BAD[name]
    (tmp_path / "bad.yml").write_bytes(text)
    began = time.perf_counter()
    with pytest.raises(ConfigError, match=f"(?s)bad.yml.*{said}|{said}"):
        YamlFile(tmp_path / "bad.yml")
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("text", "value"),
    [("2024-01-01", "2024-01-01"), ("!!timestamp x", "x"), ("1e-6", 1e-6), ("1.e3", 1000.0), (".5e1", 5.0), ("=", "="),
     ("0x10", 16), ("yes", True), ("~", None), ("1./255.", "1./255."), ("[1, {b: c}]", [1, {"b": "c"}])],
)  # fmt: skip
def test_plain_values(text, value, tmp_path):
    (tmp_path / "good.yml").write_text(f"a: {text}")
    assert YamlFile(tmp_path / "good.yml").values == {"a": value}
    assert parse_value(text) == value


def test_merged_values(tmp_path):
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: *a, y: 5}\nd: {w: 0, <<: [*a, *b]}\n"
    (tmp_path / "good.yml").write_text(text)
    values = YamlFile(tmp_path / "good.yml").values
    assert values["c"] == {"x": 1, "y": 5} and values["d"] == {"w": 0, "x": 1, "y": 2, "z": 4}


@pytest.mark.parametrize("path", [".", "nowhere.yml", "/dev/zero", "\0"])
def test_no_file(path):
    with pytest.raises(ConfigError, match=r"cannot be read|characters"):
        YamlFile(path)


@pytest.mark.parametrize("given", ["a=\udcff", "a=\0", "b" + ".a" * 100 + "=1"])
def test_overrides_refused(given):
    with pytest.raises(ConfigError, match=r"not a text|levels"):
        override({"a": 1}, [given])


@pytest.mark.parametrize("given", ["a: b: c", "!!bool x", "*.png", "9" * 5000, "&a [*a]"])
def test_what_is_no_yaml_is_a_text(given):
    assert parse_value(given) == given
