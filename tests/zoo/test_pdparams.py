"""Files that pose as weights: whatever they ask for, one error is all they get."""

import collections
import functools
import io
import operator
import os
import pickle
import resource
import struct
import time
import zipfile

import numpy as np
import paddle
import pytest

from ppocr_lessons.training.tensor_files import WeightsError
from ppocr_lessons.zoo import pdparams
from ppocr_lessons.zoo.center_files import read_centers
from ppocr_lessons.zoo.pretrained import read_pdparams

CANARY = "canary-was-here"
TOUCH = f"touch {CANARY}"


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def _short(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def _entry(value: bytes, *, protocol: int = 4) -> bytes:
    """A dictionary with one entry, whose value the given instructions make."""
    return b"\x80" + bytes([protocol]) + b"}" + _text("weight") + value + b"s."


def _call(module: str, name: str, *arguments: bytes) -> bytes:
    return b"c" + f"{module}\n{name}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def _kind(code: str = "f4", order: str = "<", state: bytes | None = None) -> bytes:
    """The instructions that make a dtype."""
    plain = b"(K\x03" + _text(order) + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00t"
    return _call("numpy", "dtype", _text(code), b"\x89", b"\x88") + (plain if state is None else state) + b"b"


def _data(content: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(content)) + content


def _array(
    shape=b"K\x02\x85",
    kind: bytes | None = None,
    fortran=b"\x89",
    data: bytes | None = None,
    version=b"K\x01",
):
    blank = _call("numpy.core.multiarray", "_reconstruct", b"cnumpy\nndarray\n", b"K\x00\x85", b"C\x01b")
    content = _data(bytes(8)) if data is None else data
    return blank + b"(" + version + shape + (_kind() if kind is None else kind) + fortran + content + b"tb"


class _Reduced:
    """Pickles into a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class _Persistent(pickle.Pickler):
    def persistent_id(self, thing):
        return "weights" if isinstance(thing, set) else None


def _persistent(protocol: int) -> bytes:
    buffer = io.BytesIO()
    _Persistent(buffer, protocol).dump({"weight": set()})
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps({"weight": np.ones(2)}))
    return buffer.getvalue()


def _recursive():
    entries = {}
    entries["weight"] = entries
    return entries


def _pickled(value, protocol: int = 4) -> bytes:
    return pickle.dumps({"weight": value}, protocol)


GOOD = _pickled(np.arange(6, dtype=np.float32).reshape(2, 3), 2)
STRUCTURED = np.dtype([("a", "f4"), ("b", "i4")])
HUGE = b"\x8a\xff" + b"\x7f" * 255  # an integer of 2,040 bits

PAYLOADS = {
    # Calls of functions.
    "os.system": _pickled(_Reduced(os.system, TOUCH)),
    "os.system, protocol 2": _pickled(_Reduced(os.system, TOUCH), 2),
    "posix by STACK_GLOBAL": _entry(_short("posix") + _short("system") + b"\x93" + _text(TOUCH) + b"\x85R"),
    "nt.system": _entry(_call("nt", "system", _text(TOUCH))),
    "builtins.eval": _entry(_call("builtins", "eval", _text(f"__import__('os').system('{TOUCH}')"))),
    "builtins.exec": _entry(_call("builtins", "exec", _text(f"import os; os.system('{TOUCH}')"))),
    "builtins.getattr": _entry(_call("builtins", "getattr", _text("a"), _text("upper"))),
    "__builtin__.apply": _entry(_call("__builtin__", "apply", _text("a"))),
    "builtins.open": _entry(_call("builtins", "open", _text(CANARY), _text("w"))),
    "builtins.__import__": _entry(_call("builtins", "__import__", _text("os"))),
    "subprocess.Popen": _entry(_call("subprocess", "Popen", _text(TOUCH))),
    "subprocess.check_output": _entry(_call("subprocess", "check_output", _text(TOUCH))),
    "pickle.loads": _pickled(_Reduced(pickle.loads, pickle.dumps(_Reduced(os.system, TOUCH)))),
    "functools.partial": _pickled(functools.partial(os.system, TOUCH)),
    "operator.attrgetter": _pickled(operator.attrgetter("system")),
    "operator.methodcaller": _pickled(operator.methodcaller("system", TOUCH)),
    "copyreg._reconstructor": _entry(_call("copyreg", "_reconstructor", b"cbuiltins\nobject\n" * 2, b"N")),
    "importlib.import_module": _entry(_call("importlib", "import_module", _text("os"))),
    "runpy.run_path": _entry(_call("runpy", "run_path", _text(CANARY))),
    "numpy.load": _entry(_call("numpy", "load", _text(CANARY))),
    "numpy.fromfile": _entry(_call("numpy", "fromfile", _text(CANARY))),
    "numpy.ndarray called": _entry(_call("numpy", "ndarray", b"K\x02\x85")),
    "numpy.f2py.crackfortran.myeval": _entry(_call("numpy.f2py.crackfortran", "myeval", _text("1"))),
    "paddle's eval of a DenseTensor": _pickled(_Reduced(eval, "data", {"data": 1})),
    "torch._utils._rebuild_tensor_v2": _entry(_call("torch._utils", "_rebuild_tensor_v2")),
    "a dotted name": _entry(_short("numpy") + _short("dtype.__class__") + b"\x93)R"),
    "a name of a line break": _entry(b"cnumpy\n\ndtype\n)R"),
    "a name without an end": b"\x80\x02c" + b"a" * 5000,
    "an array called": _entry(_array() + b")R"),
    "a text called": _entry(_text("os.system") + b")R"),
    "encode with another codec": _entry(_call("_codecs", "encode", _text("aa"), _text("zip"))),
    "encode that does not fit": _entry(_call("_codecs", "encode", _text("\u4e2d"), _text("latin1"))),
    "bytes of a size": _entry(_call("builtins", "bytes", b"J\xff\xff\xff\x7f")),
    "tuple of a list": _entry(_call("builtins", "tuple", b"]")),
    # Instructions of other protocols and purposes.
    "INST": b"\x80\x02}" + _text("w") + b"(" + _text(TOUCH) + b"iposix\nsystem\ns.",
    "OBJ": b"\x80\x02}" + _text("w") + b"(cposix\nsystem\n" + _text(TOUCH) + b"os.",
    "OBJ of a name that is known": b"\x80\x02}" + _text("w") + b"(cnumpy\ndtype\n" + _text("f4") + b"os.",
    "NEWOBJ": _entry(b"cnumpy\nndarray\nK\x02\x85\x85\x81"),
    "NEWOBJ_EX": _entry(b"cnumpy\nndarray\n)}\x92"),
    "EXT1": _entry(b"\x82\x01"),
    "EXT2": _entry(b"\x83\x01\x00"),
    "EXT4": _entry(b"\x84\x01\x00\x00\x00"),
    "PERSID": _persistent(0),
    "BINPERSID": _persistent(2),
    "NEXT_BUFFER": _entry(b"\x97", protocol=5),
    "READONLY_BUFFER": _entry(_data(b"aa") + b"\x98", protocol=5),
    "out-of-band buffers": pickle.dumps({"weight": np.ones(9)}, 5, buffer_callback=lambda buffer: None),
    "protocol 0": pickle.dumps({"weight": 1}, 0),
    "protocol 6": b"\x80\x06}.",
    "STACK_GLOBAL of numbers": _entry(b"K\x01K\x02\x93"),
    "BUILD of a dictionary": _entry(b"}}b"),
    "BUILD of a name": _entry(b"cnumpy\nndarray\n}b"),
    "BUILD twice": _entry(_array() + b"(K\x01K\x02\x85" + _kind() + b"\x89" + _data(bytes(8)) + b"tb"),
    "a set": _pickled({1, 2}),
    "POP": _entry(b"K\x010K\x01"),
    "DUP": _entry(b"K\x012"),
    # Kinds of arrays.
    "hasobject cleared by BUILD": _entry(
        _array(b"K\x01\x85", _kind("O8", state=b"(K\x03" + _text("|") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00t"))
    ),
    "flags of a dtype": _entry(
        _array(kind=_kind(state=b"(K\x03" + _text("<") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x3ft"))
    ),
    "fields of a dtype": _entry(
        _array(kind=_kind(state=b"(K\x03" + _text("<") + b"N" + _text("a") + b"}" + b"J\xff\xff\xff\xff" * 2 + b"K\x00t"))
    ),
    "an order of bytes that is none": _entry(_array(kind=_kind(order="!"))),
    "an order of bytes that changes": _entry(_array(kind=_kind() + b"(K\x03" + _text(">") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00tb")),
    "scalar of objects": _entry(_call("numpy.core.multiarray", "scalar", _kind("O8"), _data(bytes(8)))),
    "scalar without bytes": _entry(_call("numpy.core.multiarray", "scalar", _kind())),
    "an array of objects": _pickled(np.array([None, _Reduced(os.system, TOUCH)], dtype=object)),
    "a structured array": _pickled(np.zeros(3, STRUCTURED)),
    "a structured kind": _pickled(STRUCTURED),
    "texts": _pickled(np.array(["a", "bc"])),
    "times": _pickled(np.array(["2026-01-01"], dtype="M8[D]")),
    "complex numbers": _pickled(np.ones(2, np.complex64)),
    "a kind called void": _entry(_array(kind=_kind("V4"))),
    "a kind that is no text": _entry(_array(kind=_call("numpy", "dtype", b"K\x01"))),
    "no kind": _entry(_array(kind=b"N")),
    # Shapes and sizes.
    "a shape below zero": _entry(_array(b"J\xff\xff\xff\xff\x85")),
    "a shape of no numbers": _entry(_array(_text("a") + b"\x85")),
    "a shape of True": _entry(_array(b"\x88\x85")),
    "no shape": _entry(_array(b"K\x02")),
    "a shape larger than its bytes": _entry(_array(b"K\x03\x85")),
    "a shape smaller than its bytes": _entry(_array(b"K\x01\x85")),
    "a product that overflows": _entry(_array(b"(" + b"J\xff\xff\xff\x7f" * 4 + b"t")),
    "a product that overflows to the size": _entry(_array(b"(" + b"\x8a\x09\x01" + bytes(7) + b"\x01" + b"K\x02t")),
    "a side of 2,040 bits": _entry(_array(HUGE + b"\x85")),
    "33 dimensions": _entry(_array(b"(" + b"K\x01" * 33 + b"t", data=_data(bytes(4)))),
    "an empty array of a huge side": _entry(_array(b"(K\x00" + HUGE + b"t", data=_data(b""))),
    "65 dimensions": _entry(_array(b"(" + b"K\x01" * 65 + b"t")),
    "bytes that are a list": _entry(_array(data=b"]")),
    "a flag that is a text": _entry(_array(fortran=_text("F"))),
    "another version of the array": _entry(_array(version=b"K\x02")),
    "axes that are not its own": _entry(
        _call("numpy._core.numeric", "_frombuffer", _data(bytes(8)), _kind(), b"K\x02\x85", _text("K"), b"K\x07\x85")
    ),
    # Lies about sizes, and too much of everything.
    "memo index 2**30": _entry(b"K\x01r\x00\x00\x00\x40"),
    "memo index 2**32 - 1": _entry(b"K\x01r\xff\xff\xff\xff"),
    "memo entry that is not there": _entry(b"h\x07"),
    "LONG_BINGET of 2**31": _entry(b"j\x00\x00\x00\x80"),
    "FRAME of 2**62": b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"}.",
    "BINBYTES8 of 2**62": _entry(b"\x8e" + struct.pack("<Q", 1 << 62) + b"abc"),
    "BINUNICODE8 of 2**62": _entry(b"\x8d" + struct.pack("<Q", 1 << 62) + b"abc"),
    "BYTEARRAY8 of 2**40": _entry(b"\x96" + struct.pack("<Q", 1 << 40), protocol=5),
    "BINBYTES of 4 GB": _entry(b"B\xff\xff\xff\xff"),
    "LONG4": _entry(b"\x8b\xff\xff\xff\x7f"),
    "LONG of a million digits": _entry(b"L" + b"9" * 1_000_000 + b"L\n"),
    "a wide text": _entry(_text("a" * 5000 + "\U0001f600")),
    "a text that is not UTF-8": _entry(b"X\x02\x00\x00\x00\xff\xff"),
    "texts over and over": b"\x80\x04}" + _text("w") + _text("a" * 2_000_000) + b"q\x00"
    + (b"c_codecs\nencode\nh\x00" + _text("latin1") + b"\x86R0") * 600 + b"s.",
    "bytes of a text over and over": b"\x80\x04(" + _text("a" * 2_000_000) + b"q\x00"
    + (b"c_codecs\nencode\nh\x00" + _text("latin1") + b"\x86R") * 600 + b"t.",
    "values without end": b"\x80\x04" + b"N" * (pdparams.MAX_STEPS + 9),
    "lists within lists": b"\x80\x04}" + _text("w") + b"]" * 50_000 + b"a" * 49_999 + b"s.",
    "tuples within tuples": _entry(b")" + b"\x85" * 200_000),
    "dictionaries within dictionaries": b"\x80\x04" + (b"}" + _text("w")) * 50_000 + b"N" + b"s" * 50_000 + b".",
    "a dictionary in itself": pickle.dumps(_recursive()),
    "a tuple as a name": b"\x80\x04})N}s.",
    "a tuple in itself": pickle.dumps({"weight": (lambda a: (a.append((a,)), a[0])[1])([])}),
    "an entry twice": b"\x80\x04}(" + (_text("w") + _array()) * 2 + b"u.",
    "entries in pairs and one": b"\x80\x04}(" + _text("w") + b"u.",
    "entries of a list": b"\x80\x04]" + _text("w") + b"Ns.",
    "an empty stack": b"\x80\x04.",
    "a stack too high": b"\x80\x04}}.",
    "a tuple of nothing": b"\x80\x04\x87.",
    "REDUCE of nothing": b"\x80\x04R.",
    "BUILD of nothing": b"\x80\x04b.",
    "TUPLE without a mark": b"\x80\x04}t.",
    "SETITEMS without a mark": b"\x80\x04}u.",
    "APPENDS without a list": b"\x80\x04((e.",
    "a mark as a value": b"\x80\x04(.",
    "bytes behind the end": GOOD + b"cposix\nsystem\n",
    # No pickles at all.
    "an empty file": b"",
    "a text": b"weights, they said",
    "a zip": _zip(),
    "zeros": bytes(4096),
    "an ELF": b"\x7fELF" + bytes(200),
    "a .npy": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "a safetensors file": struct.pack("<Q", 2) + b"{}",
    # Values that are no arrays.
    "a number": _pickled(3),
    "a list of arrays": _pickled([np.ones(2)]),
    "an OrderedDict of arrays": _pickled(collections.OrderedDict(a=np.ones(2))),
    "entries by number": pickle.dumps({1: np.ones(2)}),
    "a single array": pickle.dumps(np.ones(2)),
    "a list": pickle.dumps([np.ones(2)]),
    "an array without content": _entry(
        _call("numpy.core.multiarray", "_reconstruct", b"cnumpy\nndarray\n", b"K\x00\x85", b"C\x01b")
    ),
}  # fmt: skip


def test_there_are_more_than_sixty():
    assert len(PAYLOADS) > 100 and len(set(PAYLOADS.values())) == len(PAYLOADS)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_one_error_and_nothing_else(payload, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.pdparams").write_bytes(payload)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    with pytest.raises(WeightsError, match=r"^evil\.pdparams: ") as caught:
        read_pdparams("evil.pdparams")
    assert time.process_time() - began < 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 1_500_000  # kilobytes
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    assert [path.name for path in tmp_path.iterdir()] == ["evil.pdparams"]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_cut_off_anywhere(protocol, tmp_path):
    state = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.float32(3), "c": np.zeros(0)}
    data = pickle.dumps(state, protocol)
    for length in range(0, len(data), 10):
        (tmp_path / "cut.pdparams").write_bytes(data[:length])
        with pytest.raises(WeightsError, match=r"cut\.pdparams"):
            read_pdparams(tmp_path / "cut.pdparams")


def test_changed_anywhere(tmp_path):
    """Every bit flipped in turn: arrays or one error, and nothing else."""
    for place in range(len(GOOD)):
        for bit in (0, 3, 5, 7):
            data = bytearray(GOOD)
            data[place] ^= 1 << bit
            (tmp_path / "changed.pdparams").write_bytes(data)
            try:
                arrays = read_pdparams(tmp_path / "changed.pdparams")
            except WeightsError as error:
                assert "changed.pdparams" in str(error)
            else:
                assert all(a.dtype.kind in "biuf" and not a.dtype.hasobject for a in arrays.values())


def test_the_stand_ins_reach_no_function_of_the_file():
    assert not {"os", "posix", "subprocess", "functools", "copyreg"} & {
        module for module, _ in pdparams.NAMES
    }
    for action in pdparams.ACTIONS.values():
        assert not {"getattr", "__import__", "find_class", "import_module"} & set(action.__code__.co_names)


KINDS = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_every_kind_that_paddle_saves(protocol, tmp_path):
    tensors = {kind: paddle.to_tensor([[0, 1], [1, 1]]).astype(kind) for kind in KINDS}
    tensors |= {"scalar": paddle.full([], 2.5), "empty": paddle.zeros([0, 3])}
    paddle.save(tensors, str(tmp_path / "w.pdparams"), protocol=protocol)
    arrays = read_pdparams(tmp_path / "w.pdparams")
    assert list(arrays) == list(tensors)
    for name, tensor in tensors.items():
        assert arrays[name].dtype == tensor.numpy().dtype and arrays[name].flags.writeable
        np.testing.assert_array_equal(arrays[name], tensor.numpy())


def test_bfloat16_is_widened(tmp_path):
    values = paddle.to_tensor([1.0, -2.5, 3e38]).astype("bfloat16")
    paddle.save({"w": values}, str(tmp_path / "w.pdparams"))
    np.testing.assert_array_equal(
        read_pdparams(tmp_path / "w.pdparams")["w"], values.astype("float32").numpy()
    )


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arrays_of_any_layout(protocol, tmp_path):
    base = np.arange(24, dtype=np.float64).reshape(2, 3, 4)
    state = {"fortran": np.asfortranarray(base), "turned": base.transpose(1, 0, 2), "slice": base[:, ::2],
             "big": base.astype(">f8"), "one": np.float64(7), "many": np.zeros((1,) * 32, np.int8)}  # fmt: skip
    (tmp_path / "w.pdparams").write_bytes(pickle.dumps(collections.OrderedDict(state), protocol))
    for name, array in read_pdparams(tmp_path / "w.pdparams").items():
        assert array.dtype.isnative
        np.testing.assert_array_equal(array, state[name])


def test_files_of_numpy_1_and_of_python_2(tmp_path):
    (tmp_path / "one.pdparams").write_bytes(GOOD.replace(b"numpy._core", b"numpy.core"))
    assert read_pdparams(tmp_path / "one.pdparams")["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    two = _array(kind=_call("numpy", "dtype", b"U\x02f4", b"K\x00", b"K\x01") + b"(K\x03U\x01<NNN" + b"J\xff\xff\xff\xff" * 2
                 + b"K\x00tb", data=b"U\x08\x00\x00\x80?\x00\x00\x00\xc0").replace(b"C\x01b", b"U\x01b")  # fmt: skip
    (tmp_path / "two.pdparams").write_bytes(b"\x80\x02}U\x06weight" + two + b"s.")
    assert read_pdparams(tmp_path / "two.pdparams")["weight"].tolist() == [1, -2]


def test_paddles_own_names_are_left_out(tmp_path):
    state = {"w": np.ones(2), "StructuredToParameterName@@": {"w": "linear_0.w_0"}}
    (tmp_path / "w.pdparams").write_bytes(pickle.dumps(state))
    assert list(read_pdparams(tmp_path / "w.pdparams")) == ["w"]


def test_a_file_that_is_too_large_is_not_opened(tmp_path, monkeypatch):
    with (tmp_path / "large.pdparams").open("wb") as file:
        file.truncate(pdparams.MAX_FILE + 1)
    with pytest.raises(WeightsError, match=r"large\.pdparams: 536,870,913 bytes"):
        read_pdparams(tmp_path / "large.pdparams")


@pytest.mark.parametrize(
    ("centers", "words"),
    [
        ({0: np.ones(3), 1: np.ones(4)}, r"entry 1 of shape \(4,\)"),
        ({5: np.ones(3)}, r"entry 5 of shape"),
        ({0: "text"}, "entry 0 of no array"),
        ({"-1": np.ones(3)}, "entry '-1'"),
        ({"9" * 5000: np.ones(3)}, "entry '999"),
        ({0: np.full(3, np.nan), 1: np.ones(3, bool)}, "entry 0 has values .*entry 1 has values"),
    ],
)
def test_centers_that_do_not_fit(centers, words, tmp_path):
    (tmp_path / "center.pkl").write_bytes(pickle.dumps(centers))
    with pytest.raises(WeightsError, match=rf"center\.pkl: .*{words}"):
        read_centers(tmp_path / "center.pkl", 5, 3)
