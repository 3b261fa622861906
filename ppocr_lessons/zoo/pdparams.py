"""Reading arrays from a pickle without Python's unpickler.

A pickle is a program for a small stack machine, and some of its instructions call any function by name. Paddle's
weights files need forty instructions and nine functions. This interpreter knows only these, and it never calls a
function that a file names: each name is looked up in a table and gives a stand-in, which becomes an array only if
number type, shape and number of bytes agree.
"""

import pickletools
import struct
import sys

import numpy as np

from .array_checks import (
    MAX_ITEMS,
    NAMES,
    ArrayBuilder,
    ArrayEntry,
    Entries,
    Items,
    Name,
    Other,
    PickleError,
    deepest,
    whole_number,
)

MAX_FILE = 1 << 29
"""Maximum size of a file in bytes; five times the largest model of PaddleOCR that fits the networks here."""

MAX_STEPS = 1_000_000
"""Maximum number of instructions and of memo entries. A network of 1,000 tensors needs about 40,000 instructions,
centers of 6,625 classes 200,000."""

LONG_TEXT = 4096
"""Length in bytes above which a text is not a name, but the bytes of an array as protocol 2 writes them."""


class _Mark:
    """Start of the items of a tuple or a list on the stack."""


class _Machine:
    """One run of the interpreter over the bytes of a file."""

    def __init__(self, data: bytes):
        self.data, self.at, self.began = data, 0, 0
        self.view = memoryview(data)
        self.stack: list = []
        self.memo: dict[int, object] = {}
        self.shop = ArrayBuilder()

    def run(self):
        if len(self.data) > MAX_FILE:
            raise PickleError(f"{len(self.data):,} bytes; a weights file has at most {MAX_FILE:,}")
        if self.data[:1] != b"\x80":
            raise PickleError("not a pickle of protocol 2 to 5, the only kinds that Paddle writes")
        for _ in range(MAX_STEPS):
            self.began = self.at
            code = self.take(1)[0]
            if code == ord("."):
                return self.end()
            action = ACTIONS.get(code)
            if action is None:
                word = WORDS.get(code, f"{code:#04x}")
                raise PickleError(
                    f"the instruction {word} belongs in no weights file: refused, nothing was run"
                )
            action(self)
        raise PickleError(f"more than {MAX_STEPS:,} instructions")

    def end(self):
        if len(self.stack) != 1:
            raise PickleError(f"ends with {len(self.stack)} values; one is needed")
        if self.at != len(self.data):
            raise PickleError(f"{len(self.data) - self.at:,} bytes stand behind its end")
        return self.stack[0]

    def take(self, count: int) -> memoryview:
        if count > len(self.data) - self.at:
            raise PickleError("cut off")
        self.at += count
        return self.view[self.at - count : self.at]

    def number(self, form: str) -> int:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def protocol(self) -> None:
        if self.number("B") > 5 or self.began:
            raise PickleError("not a pickle of protocol 2 to 5, the only kinds that Paddle writes")

    def frame(self) -> None:
        size = self.number("Q")
        if size > len(self.data) - self.at:
            raise PickleError(f"a frame of {size:,} bytes, {len(self.data) - self.at:,} are left: cut off")

    def line(self) -> str:
        end = self.data.find(b"\n", self.at, self.at + 200)
        if end < 0:
            raise PickleError("a name without an end")
        return str(self.take(end + 1 - self.at)[:-1], "utf-8", "backslashreplace")

    def push(self, value) -> None:
        self.stack.append(value)

    def pop(self):
        if not self.stack or isinstance(self.stack[-1], _Mark):
            raise PickleError("takes a value that is not there")
        return self.stack.pop()

    def to_mark(self) -> list:
        for start in range(len(self.stack) - 1, -1, -1):
            if isinstance(self.stack[start], _Mark):
                values = self.stack[start + 1 :]
                del self.stack[start:]
                return values
        raise PickleError("takes values that are not there")

    def text(self, form: str, encoding: str) -> None:
        raw = self.take(self.number(form))
        if len(raw) > LONG_TEXT and encoding == "utf-8" and np.frombuffer(raw, np.uint8).max() > 0xC3:
            # Arrays are written as characters below 256; one character above makes the text four times as large.
            raise PickleError(f"a text of {len(raw):,} bytes that is neither a name nor an array")
        try:
            text = str(raw, encoding)
        except UnicodeDecodeError as error:
            raise PickleError("a text that is not UTF-8") from error
        self.shop.count(sys.getsizeof(text))
        self.push(text)

    def buffer(self, form: str) -> None:
        self.push(self.take(self.number(form)))

    def put(self, index: int) -> None:
        if index > MAX_STEPS:
            raise PickleError(f"memo entry {index:,}; at most {MAX_STEPS:,} are possible")
        if not self.stack or isinstance(self.stack[-1], _Mark):
            raise PickleError("notes a value that is not there")
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise PickleError(f"memo entry {index:,} is not there")
        self.push(self.memo[index])

    def name(self, module, name) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise PickleError("a name that is no text: refused, nothing was run")
        if (module, name) not in NAMES:
            wanted = ascii(f"{module}.{name}"[:100])[1:-1]
            raise PickleError(f"it asks for {wanted}, which is no array: refused, nothing was run")
        self.push(Name(NAMES[module, name]))

    def stack_name(self) -> None:
        name, module = self.pop(), self.pop()
        self.name(module, name)

    def items(self, values: list) -> None:
        if len(values) > MAX_ITEMS:
            raise PickleError(f"a tuple of {len(values):,} items; at most {MAX_ITEMS} are needed")
        found = Items(values)
        found.depth = 1 + deepest(values)
        self.push(found)

    def last(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self.items(values[::-1])

    def set_items(self, values: list) -> None:
        target = self.pop()
        if not isinstance(target, Entries) or len(values) % 2:
            raise PickleError("sets entries of something that is no dictionary")
        for key, value in zip(values[::2], values[1::2], strict=True):
            key = whole_number(key)
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise PickleError("an entry whose name is no text and no number")
            if key in target:
                raise PickleError(f"entry {key!r:.60} is there twice")
            target[key] = value
        target.depth = max(target.depth, 1 + deepest(values))
        self.push(target)

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        self.set_items([key, value])

    def append(self, values: list) -> None:
        # Lists contain no weights, so appended values are dropped.
        if not isinstance(self.stack[-1] if self.stack else None, Other):
            raise PickleError("appends to something that is no list")

    def append_one(self) -> None:
        self.append([self.pop()])

    def reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Name) or not isinstance(arguments, Items):
            raise PickleError("calls something that makes no array: refused, nothing was run")
        self.push(self.shop.call(function.what, arguments))

    def build(self) -> None:
        state = self.pop()
        self.shop.set_state(self.stack[-1] if self.stack else None, state)


def _table() -> dict:
    """Actions of the known instructions by code; the names are those of pickletools."""
    run = _Machine
    actions = {
        "PROTO": lambda m: m.protocol(),
        "FRAME": lambda m: m.frame(),
        "MARK": lambda m: m.push(_Mark()),
        "NONE": lambda m: m.push(None),
        "NEWTRUE": lambda m: m.push(True),
        "NEWFALSE": lambda m: m.push(False),
        "BININT": lambda m: m.push(m.number("i")),
        "BININT1": lambda m: m.push(m.number("B")),
        "BININT2": lambda m: m.push(m.number("H")),
        "LONG1": lambda m: m.push(int.from_bytes(m.take(m.number("B")), "little", signed=True)),
        "BINFLOAT": lambda m: m.push(struct.unpack(">d", m.take(8))[0]),
        "BINUNICODE": lambda m: m.text("I", "utf-8"),
        "SHORT_BINUNICODE": lambda m: m.text("B", "utf-8"),
        "BINUNICODE8": lambda m: m.text("Q", "utf-8"),
        "BINSTRING": lambda m: m.text("I", "latin1"),
        "SHORT_BINSTRING": lambda m: m.text("B", "latin1"),
        "BINBYTES": lambda m: m.buffer("I"),
        "SHORT_BINBYTES": lambda m: m.buffer("B"),
        "BINBYTES8": lambda m: m.buffer("Q"),
        "BYTEARRAY8": lambda m: m.buffer("Q"),
        "BINPUT": lambda m: m.put(m.number("B")),
        "LONG_BINPUT": lambda m: m.put(m.number("I")),
        "MEMOIZE": lambda m: m.put(len(m.memo)),
        "BINGET": lambda m: m.get(m.number("B")),
        "LONG_BINGET": lambda m: m.get(m.number("I")),
        "GLOBAL": lambda m: m.name(m.line(), m.line()),
        "STACK_GLOBAL": run.stack_name,
        "EMPTY_TUPLE": lambda m: m.items([]),
        "TUPLE1": lambda m: m.last(1),
        "TUPLE2": lambda m: m.last(2),
        "TUPLE3": lambda m: m.last(3),
        "TUPLE": lambda m: m.items(m.to_mark()),
        "EMPTY_DICT": lambda m: m.push(Entries()),
        "SETITEM": run.set_item,
        "SETITEMS": lambda m: m.set_items(m.to_mark()),
        "EMPTY_LIST": lambda m: m.push(Other("list")),
        "APPEND": run.append_one,
        "APPENDS": lambda m: m.append(m.to_mark()),
        "REDUCE": run.reduce,
        "BUILD": run.build,
    }
    codes = {entry.name: ord(entry.code) for entry in pickletools.opcodes}
    return {codes[name]: action for name, action in actions.items()}


ACTIONS = _table()
WORDS = {ord(entry.code): entry.name for entry in pickletools.opcodes}


def read_entries(data: bytes) -> Entries:
    """Parse the dictionary in a pickle of arrays; values are `ArrayEntry`, containers, plain values or `Other`.

    Args:
        data: content of the file.

    Raises:
        PickleError: the file is damaged, too large or not a dictionary, or contains instructions or names that weights
            files do not need. Nothing in the file is ever run.
    """
    machine = _Machine(data)
    try:
        content = machine.run()
    except PickleError as error:
        raise PickleError(f"byte {machine.began:,}: {error}") from error
    if not isinstance(content, Entries):
        what = {Items: "tuple", ArrayEntry: "single array"}.get(type(content), type(content).__name__)
        what = content.what if isinstance(content, Other) else what
        raise PickleError(f"holds a {what}; a dictionary of arrays is needed")
    return content
