"""Bad inputs of every kind, and what they come to: a result or one clear error, in bounded time, and nothing else.

    python tests/bad_inputs.py 300     300 inputs of each kind, and a table

Most are thrown at the function behind a command, so that thousands take minutes; a few of each go through the command
line itself.
"""

import contextlib
import functools
import io
import json
import pathlib
import pickle
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from ppocr_lessons.cli import app
from ppocr_lessons.datasets.checks import checked
from ppocr_lessons.datasets.labels import LabelError
from ppocr_lessons.datasets.pictures import PictureError, read_picture, read_training_picture
from ppocr_lessons.datasets.sources import ListSource, LmdbSource
from ppocr_lessons.deploy.export_folder import detector_of, recognizer_of, write_folder
from ppocr_lessons.deploy.export_record import FolderError
from ppocr_lessons.rec.alphabet import Alphabet
from ppocr_lessons.training.tensor_files import WeightsError, save_tensors, state_of
from ppocr_lessons.zoo.fine_tuning import load_matching
from ppocr_lessons.zoo.pretrained import build, detector_postprocess, english

ODD_NUMBERS = (
    "1e400",
    "-1e400",
    "nan",
    "inf",
    "",
    "x",
    "1" * 5000,
    "0x1",
    "١",
    "1e-400",
    "--1",
    "1.5.2",
    "null",
    "{}",
)
ODD_TEXTS = (
    "",
    "\0",
    "\ud7ff",
    "a" * 100_000,
    "\t",
    "\r",
    "'\"",
    "\\",
    "\u202e",
    "../../etc/passwd",
    "/etc/passwd",
    "###",
)
CALLS_A_KIND = 6
"""Inputs of each kind that go through the command line."""


def garbled(data: bytes, rng) -> bytes:
    """Bytes with something wrong: cut, changed, doubled, emptied, or not theirs at all."""
    how = rng.integers(8)
    if not data or how == 0:
        return rng.bytes(int(rng.integers(0, 3000)))
    place, size = int(rng.integers(len(data))), int(rng.integers(1, 64))
    if how <= 2:
        return data[:place]
    if how == 3:
        return data[place:]
    if how == 4:
        return data[:place] + data[place + size :]
    if how == 5:
        return data[:place] + bytes([255] * size) + data[place + size :]
    changed = bytearray(data)
    for spot in rng.integers(0, min(len(data), 400 if how == 6 else len(data)), size):
        changed[spot] = rng.integers(256)
    return bytes(changed)


class Kinds:
    """Makers of bad inputs, and the calls that have to stand them; each takes a folder and a generator.

    Args:
        folder: for good inputs, which the bad ones are made of.
    """

    ERRORS = (LabelError, PictureError, FolderError, WeightsError)

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
        self.pictures = []
        for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000"):
            buffer = io.BytesIO()
            Image.fromarray(noise).save(buffer, kind)
            self.pictures.append((kind.lower(), buffer.getvalue()))
        self.net = build("cls")
        self.state = {name: tensor.numpy() for name, tensor in state_of(self.net).items()}
        save_tensors(folder / "w.safetensors", self.state)
        self.weights = [pickle.dumps(self.state, protocol) for protocol in (2, 4, 5)]
        self.weights.append((folder / "w.safetensors").read_bytes())

    @functools.cached_property
    def exports(self):
        write_folder(build("det"), self.folder / "det", "det", postprocess=detector_postprocess())
        write_folder(build("rec"), self.folder / "rec", "rec", alphabet=english())
        return [(self.folder / "det", detector_of), (self.folder / "rec", recognizer_of)]

    @functools.cached_property
    def database(self):
        import lmdb

        (self.folder / "set").mkdir()
        with (
            lmdb.open(str(self.folder / "set"), map_size=1 << 26) as env,
            env.begin(write=True) as transaction,
        ):
            transaction.put(b"num-samples", b"8")
            for i in range(1, 9):
                transaction.put(b"image-%09d" % i, self.pictures[0][1] * (1 + i % 2))
                transaction.put(b"label-%09d" % i, b"text%d" % i)
        return (self.folder / "set/data.mdb").read_bytes()

    def picture(self, at: pathlib.Path, rng):
        kind, data = self.pictures[rng.integers(len(self.pictures))]
        path = at / f"picture.{kind}"
        path.write_bytes(garbled(data, rng))
        return (lambda: (read_picture(path), read_training_picture(path))), ["read", path, "--only", "det"]

    def _train(self, at, task, *more):
        config = {"det": "ch_det_mv3_db_v2.0", "rec": "rec_chinese_lite_train_v2.0", "cls": "cls_mv3"}[task]
        path = pathlib.Path(__file__).parents[1] / f"ppocr_lessons/config/paddleocr/2022/{config}.yml"
        given = [f"Global.save_model_dir={at / 'run'}", "Global.pretrained_model="]
        given += [f"Global.character_dict_path={path.parents[2] / 'english.txt'}"] if task == "rec" else []
        given += more
        for part in ("Train", "Eval"):
            given += [f"{part}.dataset.data_dir={at}", f"{part}.loader.num_workers=0"]
            given += [f"{part}.loader.batch_size_per_card=1"]
            given += [f"{part}.dataset.label_file_list=['{at / 'label.txt'}']"]
        return ["train", "-c", path, "--check", *(word for one in given for word in ("-o", one))]

    def label(self, at: pathlib.Path, rng):
        (at / "a.png").write_bytes(self.pictures[0][1])
        task = ("det", "rec", "cls")[rng.integers(3)]
        numbers = [str(n) for n in (1, 1, 30, 1, 30, 20, 1, 20)]
        text = "word"
        if rng.random() < 0.5:
            numbers[rng.integers(8)] = ODD_NUMBERS[rng.integers(len(ODD_NUMBERS))]
        else:
            text = ODD_TEXTS[rng.integers(len(ODD_TEXTS))]
        points = ",".join(f"[{x},{y}]" for x, y in zip(numbers[::2], numbers[1::2], strict=True))
        page = f'[{{"transcription": {json.dumps(text)}, "points": [{points}]}}]'
        name = "a.png" if rng.random() < 0.8 else ODD_TEXTS[rng.integers(len(ODD_TEXTS))]
        data = f"{name}\t{page if task == 'det' else text}\n".encode("utf-8", "surrogatepass") * int(
            rng.integers(1, 4)
        )
        (at / "label.txt").write_bytes(garbled(data, rng) if rng.random() < 0.6 else data)

        def call():
            source = ListSource(at, at / "label.txt")
            checked(source, task, what="Train", alphabet=english())

        return call, self._train(at, task)

    def lmdb(self, at: pathlib.Path, rng):
        path = at / "data.mdb"
        path.write_bytes(garbled(self.database, rng))
        if rng.random() < 0.2:
            numbers = (b"9" * 8, b"1e9", b"-1", b"99")
            path.write_bytes(
                self.database.replace(b"num-samples8", b"num-samples" + numbers[rng.integers(4)][:1])
            )
        more = [f"{part}.dataset.name=LMDBDataSet" for part in ("Train", "Eval")]
        return (lambda: checked(LmdbSource(at), "rec", what="Train", alphabet=english())), self._train(
            at, "rec", *more
        )

    def icdar(self, at: pathlib.Path, rng):
        (at / "gt").mkdir()
        (at / "a.png").write_bytes(self.pictures[0][1])
        numbers = ["1", "1", "30", "1", "30", "20", "1", "20", "word"]
        numbers[rng.integers(9)] = ODD_NUMBERS[rng.integers(len(ODD_NUMBERS))]
        data = ",".join(numbers).encode("utf-8", "surrogatepass")
        (at / "gt/gt_a.txt").write_bytes(garbled(data, rng) if rng.random() < 0.5 else data)
        command = ["convert", "icdar", at / "gt", at, at / "out.txt"]
        return None, command

    def weights_file(self, at: pathlib.Path, rng):
        number = int(rng.integers(len(self.weights)))
        path = at / ("w.safetensors" if number == 3 else "w.pdparams")
        if rng.random() < 0.3:
            state = dict(self.state)
            name = list(state)[rng.integers(len(state))]
            odd = (
                np.nan,
                True,
                7,
                np.float64("inf"),
                b"x",
                None,
                [1],
                "text",
                np.zeros(3),
                np.array(["a"]),
                1j,
            )
            state[name] = odd[rng.integers(len(odd))]
            if rng.random() < 0.5 and isinstance(state[name], float | int):
                state[name] = np.full_like(self.state[name], state[name], dtype=type(state[name]))
            path = at / "w.pdparams"
            path.write_bytes(pickle.dumps(state, int(rng.integers(0, 6))))
        else:
            path.write_bytes(garbled(self.weights[number], rng))
        (at / "a.png").write_bytes(self.pictures[0][1])
        (at / "label.txt").write_text("a.png\t0\n")
        command = [w for w in self._train(at, "cls") if w != "--check"]
        return (lambda: load_matching(build("cls"), path)), ["eval", *command[1:], "--weights", path]

    def exported(self, at: pathlib.Path, rng):
        source, load = self.exports[rng.integers(2)]
        folder = shutil.copytree(source, at / "net")
        name = ("lessons.json", "inference.json", "inference.pdiparams")[rng.integers(3)]
        record = folder / "lessons.json"
        if name == "lessons.json" and rng.random() < 0.7:
            values = json.loads(record.read_text(encoding="utf-8"))
            key = list(values)[rng.integers(len(values))]
            odd = (None, 3, -1, "text", [], {}, [3], {"a": 1}, True, float("nan"), ["ab"], "det", "rec")
            values[key] = odd[rng.integers(len(odd))]
            if rng.random() < 0.3:
                del values[key]
            record.write_text(json.dumps(values), encoding="utf-8")
        else:
            (folder / name).write_bytes(garbled((folder / name).read_bytes(), rng))
        (at / "a.png").write_bytes(self.pictures[0][1])
        option = "--det" if load is detector_of else "--rec"
        return (lambda: load(folder)), ["read", at / "a.png", option, folder]

    def dictionary(self, at: pathlib.Path, rng):
        lines = list("abcdefghijklmnopqrstuvwxyz0123456789")
        for _ in range(int(rng.integers(1, 4))):
            lines[rng.integers(len(lines))] = ODD_TEXTS[rng.integers(len(ODD_TEXTS))]
        data = "\n".join(lines).encode("utf-8", "surrogatepass")
        path = at / "dict.txt"
        path.write_bytes(garbled(data, rng) if rng.random() < 0.5 else data)
        (at / "a.png").write_bytes(self.pictures[0][1])
        (at / "label.txt").write_text("a.png\tabc\n")
        return (lambda: Alphabet.from_file(path)), self._train(
            at, "rec", f"Global.character_dict_path={path}"
        )

    def all(self) -> dict:
        """Makers by the name of the kind."""
        return {
            "pictures": self.picture, "labels": self.label, "LMDB": self.lmdb, "ICDAR": self.icdar,
            "weights": self.weights_file, "exports": self.exported, "dictionaries": self.dictionary,
        }  # fmt: skip


def throw(make, at: pathlib.Path, rng, *, by_command: bool) -> tuple[str, str]:
    """One bad input; "accepted", "refused" or "TRACEBACK", and what was said.

    Args:
        make: of `Kinds`.
        at: an empty folder.
        rng: numpy Generator.
        by_command: through the command line.
    """
    call, command = make(at, rng)
    if by_command or call is None:
        result = CliRunner().invoke(app, [str(word) for word in command])
        failed = result.exception is not None and not isinstance(result.exception, SystemExit)
        lines = result.stderr.strip().splitlines()
        unclear = "Traceback" in result.output or "(run with --debug" in result.output
        if failed or unclear or (result.exit_code and not any(line.startswith("error: ") for line in lines)):
            return "TRACEBACK", f"{result.exception!r} {result.stderr[-500:]}"
        return ("refused" if result.exit_code else "accepted"), result.stderr
    try:
        call()
    except Kinds.ERRORS as error:
        return "refused", str(error)
    except ValueError as error:
        # Of a dictionary; anything else would be an error of a kind that nobody foresaw.
        named = type(error) is ValueError and "dict.txt: not a dictionary" in str(error)
        return ("refused" if named else "TRACEBACK"), repr(error)
    except BaseException as error:
        return "TRACEBACK", repr(error)
    return "accepted", ""


def run(count: int, seed: int = 0) -> dict[str, dict]:
    """A row for each kind: how many were accepted, refused, or ended in anything else, and the slowest in seconds.

    Args:
        count: inputs of each kind.
        seed: of all of them.
    """
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        kinds = Kinds(pathlib.Path(folder))
        for name, make in kinds.all().items():
            rng, found, slowest, examples = np.random.default_rng(seed), Counter(), 0.0, []
            for number in range(count):
                at = pathlib.Path(folder) / "bad"
                at.mkdir()
                began = time.perf_counter()
                with contextlib.redirect_stdout(io.StringIO()):
                    outcome, said = throw(make, at, rng, by_command=number < CALLS_A_KIND)
                slowest = max(slowest, time.perf_counter() - began)
                found[outcome] += 1
                if outcome == "TRACEBACK":
                    examples.append(said)
                shutil.rmtree(at)
            table[name] = {"inputs": count, **found, "slowest": round(slowest, 2), "examples": examples[:5]}
    return table


if __name__ == "__main__":
    rows = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    for name, row in rows.items():
        print(name, json.dumps(row))
    print("inputs", sum(row["inputs"] for row in rows.values()))
    print("peak memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000, "MB")
