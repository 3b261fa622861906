"""Parse YAML text to plain values: strings, numbers, booleans, lists and named values, with limits on their number."""

import re
from collections.abc import Callable

import yaml

MOST_CHARACTERS = 200_000
"""Maximum number of characters of a file. The longest known configuration has about 8,000."""

MOST_VALUES = 20_000
"""Maximum number of values of a file, counting every use of an alias. The longest known configuration has about 500."""

MOST_LEVELS = 50
"""Maximum nesting depth of lists and sections. PaddleOCR's configurations have 8."""

LONGEST = {"text": 4096, "number": 64}
"""Maximum number of characters of one value. `int()` takes minutes for a million digits."""

_TAG = "tag:yaml.org,2002:"
_NUMBERS = ("int", "float")


class PlainYamlError(ValueError):
    """Text that is not plain YAML: `line` (None if the whole text is meant) and `reason`."""

    def __init__(self, line: int | None, reason: str):
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line, self.reason = line, reason


class _Loader(yaml.SafeLoader):
    """SafeLoader that reads 1e-6 as a number, as YAML 1.2 does."""


_Loader.add_implicit_resolver(
    # Each digit can match in only one way. With \d+\.?\d* the time would grow quadratically with the number of digits.
    f"{_TAG}float",
    re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+0123456789."),
)


def is_text(value: str) -> bool:
    """Check that a string has neither null characters nor lone surrogates, which no path and no file can contain.

    Args:
        value: string from a file or an override.

    Returns: whether the string is valid.
    """
    return not re.search("[\0\ud800-\udfff]", value)


def parse(text: str, on_duplicate: Callable[[int, str], None]) -> tuple[yaml.Node | None, object]:
    """Parse one YAML document.

    Args:
        text: text of the document.
        on_duplicate: called with line and name of every duplicate key; the last value is used.

    Returns: the node of the document, which knows the lines, and its values.

    Raises:
        PlainYamlError: the text is not YAML, has values that are not plain, or exceeds one of the limits.
    """
    if len(text) > MOST_CHARACTERS:
        raise PlainYamlError(None, f"more than {MOST_CHARACTERS} characters; is it a configuration?")
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise PlainYamlError(
            line, f"not YAML: the character U+{error.character:04X} is not allowed"
        ) from error
    try:
        node = loader.get_single_node()
        return node, _Values(loader, on_duplicate).of(node, 0)
    except RecursionError as error:
        raise PlainYamlError(None, f"not YAML: {_Values.TOO_DEEP}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise PlainYamlError(line, f"not YAML: {getattr(error, 'problem', error)}") from error
    except (OverflowError, ValueError) as error:
        if isinstance(error, PlainYamlError):
            raise
        raise PlainYamlError(
            None, f"not YAML: {error}"
        ) from error  # an escape sequence or directive out of range
    finally:
        loader.dispose()


class _Values:
    """Convert nodes to values. PyYAML's own constructor would create objects, dates and bytes, and merge without limit."""

    TOO_DEEP = f"more than {MOST_LEVELS} levels; is there an alias that contains itself?"

    def __init__(self, loader, on_duplicate):
        self.loader, self.on_duplicate, self.count = loader, on_duplicate, 0

    def of(self, node, level: int):
        if node is None:
            return None
        line = node.start_mark.line + 1
        self.count += 1
        if self.count > MOST_VALUES:
            raise PlainYamlError(line, f"more than {MOST_VALUES} values; is an alias repeated without end?")
        if level > MOST_LEVELS:
            raise PlainYamlError(line, self.TOO_DEEP)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, line)
        if node.tag not in (f"{_TAG}seq", f"{_TAG}map"):
            raise PlainYamlError(line, f"not YAML without objects: {node.tag}")
        if isinstance(node, yaml.SequenceNode):
            return [self.of(item, level + 1) for item in node.value]
        return self.mapping(node, level)

    def mapping(self, node, level: int) -> dict:
        merged, values = {}, {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == f"{_TAG}merge":
                merged |= self.merge(value_node, level, line)
                continue
            key = self.of(key_node, level + 1)
            if not isinstance(key, str):
                raise PlainYamlError(line, f"key {key!r:.60} is not a name")
            if key in values:
                self.on_duplicate(line, key)
            values[key] = self.of(value_node, level + 1)
        return merged | values

    def merge(self, node, level: int, line: int) -> dict:
        """Values of `<<`: one section, or several of which the first takes precedence."""
        given = self.of(node, level + 1)
        given = given if isinstance(given, list) else [given]
        if not all(isinstance(section, dict) for section in given):
            raise PlainYamlError(line, "<< takes named values, or a list of them")
        return {key: value for section in reversed(given) for key, value in section.items()}

    def scalar(self, node, line: int):
        kind = node.tag.removeprefix(_TAG)
        longest = LONGEST["number" if kind in _NUMBERS else "text"]
        if len(node.value) > longest:
            what = "number" if kind in _NUMBERS else "text"
            raise PlainYamlError(
                line, f"a {what} of {len(node.value)} characters; at most {longest} are taken"
            )
        if kind in ("str", "timestamp", "value"):  # dates are not needed and stay strings
            if not is_text(node.value):
                raise PlainYamlError(line, f"not a text: {node.value!r:.60}")
            return node.value
        make = {"null": lambda n: None, "bool": self.loader.construct_yaml_bool,
                "int": self.loader.construct_yaml_int, "float": self.loader.construct_yaml_float}.get(kind)  # fmt: skip
        if make is None:
            raise PlainYamlError(line, f"not YAML without objects: {node.tag}")
        try:
            return make(node)
        except (KeyError, ValueError, IndexError) as error:
            raise PlainYamlError(line, f"{node.value!r:.60} is not of the type {kind}") from error
