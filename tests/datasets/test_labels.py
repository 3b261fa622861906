"""Label files: what is good is read, what is bad is named with file, line and reason."""

import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from ppocr_lessons.datasets.checks import check_text, checked, find_problems
from ppocr_lessons.datasets.icdar import convert_icdar, parse_line
from ppocr_lessons.datasets.labels import LabelError, LabelFile, parse_page
from ppocr_lessons.datasets.loader import Dataset
from ppocr_lessons.datasets.sources import ListSource, LmdbSource
from ppocr_lessons.datasets.transforms import DecodeImage
from ppocr_lessons.rec.alphabet import Alphabet

AB = Alphabet("abcdefghijklmnopqrstuvwxyz,0123456789")
SQUARE = [[1, 1], [30, 1], [30, 20], [1, 20]]


def _page(points=SQUARE, text="word"):
    return json.dumps([{"transcription": text, "points": points}])


def _set(tmp_path, lines, names=("a.png", "b c.png", "déjà.png")):
    for name in names:
        Image.new("RGB", (64, 48)).save(tmp_path / name)
    (tmp_path / "label.txt").write_bytes(lines if isinstance(lines, bytes) else "\n".join(lines).encode())
    return ListSource(tmp_path, tmp_path / "label.txt")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"\n", b"\r\n", b"\n\n"])
def test_marks_and_line_ends(tmp_path, mark, end, last):
    source = _set(tmp_path, mark + b"a.png\tone, two" + end + b"b c.png\tthree\tfour" + last)
    assert [source[i].label for i in range(len(source))] == ["one, two", "three\tfour"]
    assert source[1].picture.name == "b c.png" and source.place(1)[1] == 2


def test_blank_lines_keep_the_count(tmp_path):
    source = _set(tmp_path, b"\n\na.png\tx\n\r\n\na.png\ty")
    assert [source.place(i)[1] for i in range(2)] == [3, 6]


BAD_PAGES = [
    ("[{", "invalid JSON"),
    ("[" * 100_000, "invalid JSON"),
    ("{}", "a JSON list of texts is needed"),
    ('[{"points": []}]', "text 0"),
    ('[{"transcription": "x"}]', "points is not a list"),
    ('[{"transcription": 5, "points": [[0,0],[1,0],[1,1]]}]', "text 0"),
    (_page([[0, 0], [9, 9]]), "2 points; at least 3"),
    (_page([[0, 0], [9, 9], "x"]), "points is not a list"),
    (_page([[0, 0], [9, 0], [float("nan"), 9]]), "infinite or NaN"),
    (_page([[0, 0], [9, 0], [float("inf"), 9]]), "infinite or NaN"),
    (_page([[0, 0], [9, 0], [1e300, 9]]), "infinite or NaN"),
    (_page([[0, 0], [9, 0], [10**400, 9]]), "points is not a list"),
    (_page(None), "text 0"),
    (_page(10**400), "points is not a list"),
    (_page([[5, 5], [9, 9], [20, 20]]), "area of the polygon is 0"),
    (_page([[100, 100], [120, 100], [120, 110]]), "outside the image of 64 x 48"),
    (_page([[-500, 1], [10, 1], [10, 20], [-500, 20]]), "outside the image"),
]


@pytest.mark.parametrize(("label", "said"), BAD_PAGES, ids=[s for _, s in BAD_PAGES])
def test_bad_pages(tmp_path, label, said):
    source = _set(tmp_path, [f"a.png\t{_page()}", f"b c.png\t{label}"])
    with pytest.raises(LabelError, match=f"(?s)label.txt:2: .*{said}"):
        checked(source, "det", what="Train")


def test_other_bad_lines(tmp_path):
    source = _set(tmp_path, [f"a.png\t{_page()}", "no tab here", f"gone.png\t{_page()}"])
    with pytest.raises(LabelError) as caught:
        checked(source, "det", what="Train")
    said = str(caught.value)
    assert (
        "2 bad entries" in said
        and "label.txt:2: no tab" in said
        and "label.txt:3: no such image file" in said
    )


def test_not_a_picture_is_named(tmp_path):
    source = _set(tmp_path, [f"a.png\t{_page()}"])
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(LabelError, match="cannot identify image file"):
        checked(source, "det", what="Train")


def test_first_twenty_and_a_count(tmp_path):
    source = _set(tmp_path, ["a.png\t[{"] * 35)
    with pytest.raises(LabelError, match=r"(?s)35 bad entries.*and 15 more.*`on_bad: drop`"):
        checked(source, "det", what="Train")


def test_all_ignored(tmp_path):
    source = _set(tmp_path, [f"a.png\t{_page(text='###')}", f"b c.png\t{_page(text='*')}"])
    with pytest.raises(LabelError, match="all texts are ignored"):
        checked(source, "det", what="Train")


def test_dropping_is_said(tmp_path, capsys):
    source = _set(tmp_path, [f"a.png\t{_page()}", "a.png\t[{", f"gone.png\t{_page()}"])
    assert len(checked(source, "det", what="Train", on_bad="drop")) == 1
    assert "dropped 2 of 3" in capsys.readouterr().err
    with pytest.raises(LabelError, match="all entries are bad"):
        checked(_set(tmp_path, ["a.png\t[{"]), "det", what="Train", on_bad="drop")
    with pytest.raises(ValueError, match="known are"):
        checked(source, "det", what="Train", on_bad="ignore")


def test_over_the_edge_is_no_mistake(tmp_path):
    source = _set(tmp_path, [f"a.png\t{_page([[-3, 5], [30, 5], [30, 20], [-3, 20]])}"])
    assert find_problems(source, "det") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), ("abc" * 9, "27 characters, more than"), ("aZb", r"outside the alphabet: \['Z'\]")],
)
def test_bad_texts(tmp_path, text, said):
    source = _set(tmp_path, ["a.png\tgood, text", f"b c.png\t{text}"])
    with pytest.raises(LabelError, match=f"(?s)label.txt:2: .*{said}"):
        checked(source, "rec", what="Train", alphabet=AB, longest=25)
    assert check_text("fine", AB, 25) is None


def test_texts_without_an_alignment_are_named(tmp_path):
    # Eight time steps: "abcdefgh" fits exactly; "aabbc" needs 5 + 2, and "aabbccdd" 8 + 4.
    source = _set(tmp_path, ["a.png\tabcdefgh", "b c.png\taabbc", "a.png\taabbccdd", "b c.png\tabcdefghi"])
    found = find_problems(source, "rec", alphabet=AB, steps=8)
    assert sorted(found) == [2, 3] and find_problems(source, "rec", alphabet=AB) == {}
    with pytest.raises(
        LabelError, match=r"(?s)label.txt:3: 8 characters need 12 time steps.* has 8 .*'aabbccdd'"
    ):
        checked(source, "rec", what="Train", alphabet=AB, steps=8)
    kept = checked(source, "rec", what="Train", alphabet=AB, steps=8, on_bad="drop")
    assert [kept[i].label for i in range(len(kept))] == ["abcdefgh", "aabbc"]
    # An alphabet without capital letters repeats a character where the text does not.
    assert "need 3 time steps" in check_text("aA", Alphabet("ab", lower=True), 25, 2)
    assert check_text("ab", Alphabet("ab", lower=True), 25, 2) is None


def test_bad_direction(tmp_path):
    with pytest.raises(LabelError, match="label '90'; known are"):
        checked(_set(tmp_path, ["a.png\t0", "a.png\t90"]), "cls", what="Train")


OUTSIDE = {
    "above": "../secret.png",
    "absolute": "{top}/secret.png",
    "through a folder": "sub/../../secret.png",
    "a link": "link.png",
    "a link to a folder": "folder/secret.png",
    "a link to a link": "second.png",
    "a sibling with the same start": "../set-more/secret.png",
    "nowhere outside": "../nowhere.png",
    "the folder above": "..",
}


@pytest.fixture
def outside(tmp_path):
    """A data_dir, and pictures around it."""
    data = tmp_path / "set"
    (data / "sub").mkdir(parents=True)
    (tmp_path / "set-more").mkdir()
    for name in ("secret.png", "set-more/secret.png", "set/a.png", "set/sub/b.png"):
        Image.new("RGB", (64, 48)).save(tmp_path / name)
    (data / "link.png").symlink_to(tmp_path / "secret.png")
    (data / "second.png").symlink_to("link.png")
    (data / "folder").symlink_to(tmp_path)
    (data / "inside.png").symlink_to("sub/b.png")
    return data


@pytest.mark.parametrize("name", OUTSIDE.values(), ids=OUTSIDE)
def test_pictures_outside_of_data_dir(name, outside, tmp_path):
    name = name.format(top=tmp_path)
    (outside / "label.txt").write_text(f"a.png\t0\n{name}\t0\n")
    source = ListSource(outside, outside / "label.txt")
    with pytest.raises(
        LabelError, match=r"label.txt:2: .* leads out of data_dir .*set allow_outside: true"
    ) as caught:
        checked(source, "cls", what="Train")
    assert "1 bad entry" in str(caught.value)
    with pytest.raises(LabelError, match=r"label\.txt:2: .*allow_outside"):  # unchecked, too
        Dataset(source, [DecodeImage()]).sample(1)
    assert len(checked(source, "cls", what="Train", on_bad="drop")) == 1
    allowed = ListSource(outside, outside / "label.txt", allow_outside=True)
    if "nowhere" in name:
        with pytest.raises(LabelError, match="no such image file"):
            checked(allowed, "cls", what="Train")
    elif name != "..":
        assert checked(allowed, "cls", what="Train") is allowed
        assert Dataset(allowed, [DecodeImage()]).sample(1).image.shape == (48, 64, 3)


def test_pictures_inside_by_any_way(outside, tmp_path, monkeypatch):
    names = [
        "a.png",
        "./a.png",
        "sub/b.png",
        "sub/../a.png",
        "inside.png",
        f"{outside}/a.png",
        "../set/a.png",
    ]
    (outside / "label.txt").write_text("".join(f"{name}\t0\n" for name in names))
    (tmp_path / "by a link").symlink_to(outside)
    monkeypatch.chdir(tmp_path)
    for root in (outside, tmp_path / "by a link", "set", "./set/", pathlib.Path("set")):
        source = ListSource(root, outside / "label.txt")
        assert checked(source, "cls", what="Train") is source and len(source) == 7


def test_names_that_are_no_paths(outside):
    (outside / "label.txt").write_bytes(b"a\0b.png\t0\n" + b"x" * 5000 + b".png\t0\n\t0\n")
    with pytest.raises(LabelError, match=r"(?s)label.txt:1: .*null character.*label.txt:2: .*label.txt:3: "):
        checked(ListSource(outside, outside / "label.txt"), "cls", what="Train")


def test_empty_sets(tmp_path):
    with pytest.raises(LabelError, match="the dataset is empty"):
        _set(tmp_path, b"")
    with pytest.raises(LabelError, match="no such label file"):
        ListSource(tmp_path, "nowhere.txt")


def test_several_files_with_ratios(tmp_path):
    _set(tmp_path, [f"a.png\t{i}" for i in range(10)])
    (tmp_path / "more.txt").write_text("\n".join(f"a.png\tm{i}" for i in range(20)))
    files = [tmp_path / "label.txt", tmp_path / "more.txt"]
    source = ListSource(tmp_path, files, ratios=[1.0, 0.25], seed=3)
    labels = [source[i].label for i in range(len(source))]
    assert len(labels) == 15 and labels[:10] == [str(i) for i in range(10)] and labels[-1].startswith("m")
    again = ListSource(tmp_path, files, ratios=[1.0, 0.25], seed=3)
    assert labels == [again[i].label for i in range(15)]
    with pytest.raises(ValueError, match="for 2 label files"):
        ListSource(tmp_path, files, ratios=[1.0])


def test_points_of_different_numbers():
    texts = parse_page(
        json.dumps(
            [
                {"transcription": "a", "points": SQUARE},
                {"transcription": "b", "points": [[0, 0], [9, 0], [9, 9], [5, 12], [0, 9]]},
            ]
        )
    )
    assert [len(t.points) for t in texts] == [4, 5]


def test_a_million_lines_are_held_as_places(tmp_path):
    line = b"pictures/%07d.png\tsome text of a line\n"
    (tmp_path / "big.txt").write_bytes(b"".join(line % i for i in range(1_000_000)))
    file = LabelFile(tmp_path / "big.txt")
    assert len(file) == 1_000_000 and file[999_999][0] == "pictures/0999999.png"
    assert file._starts.nbytes + file._ends.nbytes + file._numbers.nbytes < 50e6


def test_lmdb(tmp_path):
    lmdb = pytest.importorskip("lmdb")
    for part in ("x", "y"):
        (tmp_path / part).mkdir()
        env = lmdb.open(str(tmp_path / part), map_size=1 << 24)
        with env.begin(write=True) as txn:
            txn.put(b"num-samples", b"2")
            for i in (1, 2):
                Image.new("RGB", (40, 32), (i, 0, 0)).save(tmp_path / "p.png")
                txn.put(b"image-%09d" % i, (tmp_path / "p.png").read_bytes())
                txn.put(b"label-%09d" % i, f"{part}{i}".encode())
        env.close()
    source = LmdbSource(tmp_path)
    assert [source[i].label for i in range(len(source))] == ["x1", "x2", "y1", "y2"]
    assert source.place(2) == (str(tmp_path / "y"), 1)
    assert checked(source, "rec", what="Train", alphabet=AB) is source
    with pytest.raises(LabelError, match=r"y:1: .*outside the alphabet"):
        checked(source, "rec", what="Train", alphabet=Alphabet("x12"))
    with pytest.raises(LabelError, match="contains no LMDB database"):
        LmdbSource(tmp_path / "nowhere")


def test_icdar(tmp_path):
    (tmp_path / "gt").mkdir(), (tmp_path / "img").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "img/img_1.jpg")
    (tmp_path / "gt/gt_img_1.txt").write_bytes(
        b"\xef\xbb\xbf1,1,30,1,30,20,1,20,Genaxis, Theatre\r\n1,1,30,1,30,20,1,20,###\r\n"
    )
    assert convert_icdar(tmp_path / "gt", tmp_path / "img", tmp_path / "out.txt") == 1
    picture, label = LabelFile(tmp_path / "out.txt")[0]
    assert picture == "img_1.jpg" and [t.text for t in parse_page(label)] == ["Genaxis, Theatre", "###"]
    (tmp_path / "gt/gt_img_2.txt").write_text("1,2,3")
    (tmp_path / "gt/gt_img_1.txt").write_text("1,1,30,1,30,20,1,x,word\n1,2,3,4\n")
    with pytest.raises(LabelError) as caught:
        convert_icdar(tmp_path / "gt", tmp_path / "img", tmp_path / "again.txt")
    said = str(caught.value)
    assert (
        "gt_img_1.txt:1: the first eight fields must be numbers" in said
        and "gt_img_1.txt:2: 3 commas" in said
        and "no image of that name" in said
    )
    assert not (tmp_path / "again.txt").exists()
    assert parse_line("1.5,1,30,1,30,20,1,20,a")["points"][0] == [1.5, 1]
    assert np.isfinite(parse_line("1,1,30,1,30,20,1,20,")["points"]).all()


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "inf", "nan", "Infinity", "9" * 400, "1_0", "0x10", ""]
)
def test_icdar_numbers(number, tmp_path):
    (tmp_path / "gt").mkdir(), (tmp_path / "img").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "img/a.jpg")
    (tmp_path / "gt/gt_a.txt").write_text(f"1,1,30,1,30,20,1,{number},word\n")
    if number == "1_0":  # Python's own way to write ten
        assert convert_icdar(tmp_path / "gt", tmp_path / "img", tmp_path / "out.txt") == 1
        return
    with pytest.raises(
        LabelError, match=r"gt_a\.txt:1: (a coordinate is infinite|the first eight fields must be numbers)"
    ):
        convert_icdar(tmp_path / "gt", tmp_path / "img", tmp_path / "out.txt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gt", "img"]


def test_icdar_files_that_cannot_be_opened(tmp_path):
    (tmp_path / "gt/gt_a.txt").mkdir(parents=True), (tmp_path / "img").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "img/a.jpg")
    with pytest.raises(LabelError, match=r"gt_a\.txt: cannot be opened: Is a directory"):
        convert_icdar(tmp_path / "gt", tmp_path / "img", tmp_path / "out.txt")
