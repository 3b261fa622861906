"""The alphabet: classes, dictionaries and their errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet

AB = Alphabet("ab", use_space=False)


@given(st.text(alphabet=ENGLISH + " ", max_size=30))
def test_encode_and_decode(text):
    alphabet = Alphabet(ENGLISH)
    assert alphabet.decode(alphabet.encode(text)) == text


def test_alphabet_errors(tmp_path):
    with pytest.raises(ValueError, match="duplicate"):
        Alphabet("aba")
    with pytest.raises(ValueError, match="at least one"):
        Alphabet("", use_space=False)
    with pytest.raises(ValueError, match=r"outside the alphabet: \['ß'\]"):
        AB.encode("aß")
    bad = tmp_path / "dict.txt"
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"dict\.txt"):
        Alphabet.from_file(bad)


def test_dictionary_file_with_bom_and_crlf(tmp_path):
    path = tmp_path / "dict.txt"
    path.write_bytes("\ufeffa\r\nb\r\n".encode())
    assert Alphabet.from_file(path).characters == ["a", "b", " "]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a\nbc\nd\n", "line 2: 2 characters, 'bc'"),
        (b"a\np\t\n", r"line 2: 2 characters, 'p\\t'"),  # as in PaddleOCR's German one
        (b"a\n\nb\n", "line 2: an empty line"),
        (b"a\n\n\n", "line 2: an empty line; line 3: an empty line"),
        (b"a\nb\na\n", "line 3: 'a' is a duplicate of line 1"),
        (b"ab\ncd\n" * 30, r"line 1: .*line 10: .*; \.\.\. and 50 more"),
        (b"", "no lines"),
        (b"\xef\xbb\xbf", "no lines"),
        (b"\xff", "not a dictionary"),
    ],
)
def test_dictionary_files_that_are_none(content, said, tmp_path):
    (tmp_path / "dict.txt").write_bytes(content)
    with pytest.raises(ValueError, match=rf"dict\.txt: .*{said}") as caught:
        Alphabet.from_file(tmp_path / "dict.txt")
    assert "\n" not in str(caught.value)


def test_places_that_are_no_dictionary(tmp_path):
    for path, said in (
        (tmp_path, "not a file"),
        ("/dev/zero", "not a file"),
        (tmp_path / "gone", "No such file"),
    ):
        with pytest.raises(ValueError, match=said):
            Alphabet.from_file(path)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(11_000_000)
    with pytest.raises(ValueError, match="more than 10,000,000 bytes"):
        Alphabet.from_file(tmp_path / "large")


def test_a_dictionary_may_end_with_the_space(tmp_path):
    (tmp_path / "dict.txt").write_bytes(b"a\n \n")
    assert Alphabet.from_file(tmp_path / "dict.txt").characters == ["a", " ", " "]
    assert Alphabet.from_file(tmp_path / "dict.txt", use_space=False).characters == ["a", " "]


def test_english_has_96_classes():
    assert Alphabet(ENGLISH).classes == 96


def test_classes_in_order_and_the_space_last():
    assert Alphabet("ba").index == {"b": 1, "a": 2, " ": 3} and Alphabet("ba").classes == 4
    assert Alphabet("ba", use_space=False).classes == 3
    assert Alphabet("b a").characters == ["b", " ", "a"] and Alphabet([" "], use_space=False).classes == 2
    assert Alphabet("").characters == [" "]
    assert Alphabet("ab").decode([0, 2, 0, 1, 3, 0]) == "ba " and Alphabet("ab").decode([]) == ""


def test_capital_letters_may_be_read_as_small_ones():
    lower = Alphabet("ab", lower=True)
    assert lower.encode("AbB") == [1, 2, 2] and lower.lower
    with pytest.raises(ValueError, match=r"\['A', 'C'\]"):
        Alphabet("ab").encode("CaA")


def test_dictionary_files(tmp_path):
    def read(text, **options):
        (tmp_path / "d.txt").write_bytes(text.encode())
        return Alphabet.from_file(tmp_path / "d.txt", **options).characters

    assert read("a\nb\n") == read("a\nb") == ["a", "b", " "]
    assert read("a\nb\n", use_space=False) == ["a", "b"]
    assert read("a\n \n") == ["a", " ", " "] and read("a\n \n", use_space=False) == ["a", " "]
    with pytest.raises(ValueError, match=r"d\.txt.*line 2: 'a' is a duplicate of line 1"):
        read("a\na\n")
    with pytest.raises(ValueError, match=r"none\.txt"):
        Alphabet.from_file(tmp_path / "none.txt")
