"""Read a YAML file as plain values with line numbers, apply overrides, and compare two configurations."""

import enum
import pathlib
import sys

import yaml

from .problems import ConfigError, dotted
from .yaml_values import MOST_CHARACTERS, MOST_LEVELS, PlainYamlError, is_text, parse


class YamlFile:
    """A parsed YAML file. `values` has its content, `line` finds the line of a value.

    Args:
        path: path of the file.

    Raises:
        ConfigError: the file does not exist, is too large, is not UTF-8 or plain YAML, or does not consist of sections;
            names file and line.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        try:
            with self.path.open(encoding="utf-8-sig") as stream:
                text = stream.read(MOST_CHARACTERS + 1)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: cannot be read: {error}") from error
        try:
            self._root, self.values = parse(text, self._twice)
        except PlainYamlError as error:
            raise ConfigError(f"{path}{f':{error.line}' if error.line else ''}: {error.reason}") from error
        if not isinstance(self.values, dict):
            raise ConfigError(
                f"{path}: sections (Global:, Architecture:, ...) are needed, found {self.values!r:.80}"
            )

    def _twice(self, line, key):
        print(f"{self.path}:{line}: {key!r} is a duplicate key; the last value is used", file=sys.stderr)

    def line(self, place: tuple) -> int | None:
        """Find the line of a value.

        Args:
            place: keys and list indices, from the top of the file.

        Returns: number of the line of the value, or of the innermost section around it that is in the file; None if there
            is none.
        """
        node, line = self._root, None
        for step in place:
            if isinstance(node, yaml.MappingNode):
                found = [(k, v) for k, v in node.value if k.value == str(step)]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                found = [(node.value[step], node.value[step])]
            else:
                break
            if not found:
                break
            line, node = found[-1][0].start_mark.line + 1, found[-1][1]
        return line


def parse_value(text: str):
    """Parse the value of an override as YAML.

    Args:
        text: text after the equals sign. An empty text is null; text that is not valid YAML is a string.

    Returns: the value.

    Raises:
        ConfigError: characters that are not allowed in a YAML file.
    """
    try:
        return parse(text, lambda line, key: None)[1]
    except PlainYamlError as error:
        if not is_text(text):
            raise ConfigError(f"not a text: {text!r:.60}") from error
        return text


def override(values: dict, assignments: list[str]) -> dict:
    """Apply overrides to values and return a new dictionary.

    `Section.key=value` sets a value, `~Section.key` removes a key or an item of a list. An item of a list is addressed
    by its position, or by its name if it is a section with one key (Train.dataset.transforms.RecAug.tia_prob).

    Args:
        values: values of a file.
        assignments: overrides, as after `-o`.

    Returns: the changed values.

    Raises:
        ConfigError: an override has neither of the two forms, or its place does not exist.
    """
    values = _copy(values)
    for assignment in assignments:
        if assignment.startswith("~"):
            _remove(values, assignment)
            continue
        place, found, text = assignment.partition("=")
        if not found or not place:
            raise ConfigError(f"-o {assignment}: Section.key=value is needed")
        target, *rest = values, *place.strip().split(".")
        if len(rest) > MOST_LEVELS:
            raise ConfigError(f"-o {place:.60}...: more than {MOST_LEVELS} levels")
        for number, step in enumerate(rest):
            last = number == len(rest) - 1
            if isinstance(target, list):
                step = _position(target, step, assignment)
                if isinstance(step, tuple):  # addressed by its name
                    target, step = target[step[0]], step[1]
            elif not isinstance(target, dict):
                raise ConfigError(f"-o {assignment}: {'.'.join(rest[:number])} is {target!r} and has no keys")
            if last:
                target[step] = parse_value(text)
            else:
                if isinstance(target, dict) and target.get(step) is None:
                    target[step] = {}
                target = target[step]
    return values


class Origin(enum.Enum):
    """Where a value comes from: the file, an override of a value in the file, or an override that added it.

    A value of a list in which overrides changed the positions counts as added.
    """

    file = enum.auto()
    replaced = enum.auto()
    added = enum.auto()


def origin(before: dict, after: dict, place: tuple) -> Origin:
    """Find out where a value comes from.

    Args:
        before: values of a file.
        after: values with overrides applied.
        place: keys and list indices, from the top of the file.

    Returns: `Origin.file` also for a value that is in neither of the two, and for a section or a list that is in the file,
        even if an override changed something in it.
    """
    old, new = before, after
    for step in place:
        if isinstance(old, list) and isinstance(new, list) and len(old) != len(new):
            return Origin.added
        old, new = _inside(old, step), _inside(new, step)
    if old is _ABSENT:
        return Origin.file if new is _ABSENT else Origin.added
    is_container = isinstance(old, dict | list) and type(old) is type(new)
    return Origin.file if is_container or old is new or old == new else Origin.replaced


_ABSENT = object()


def _inside(values, step):
    if isinstance(values, dict):
        return values.get(step, _ABSENT)
    found = isinstance(values, list) and isinstance(step, int) and step < len(values)
    return values[step] if found else _ABSENT


def _remove(values: dict, assignment: str) -> None:
    *rest, last = assignment[1:].strip().split(".")
    target = values
    for step in rest:
        if isinstance(target, list):
            found = _position(target, step, assignment)
            target = target[found[0]][found[1]] if isinstance(found, tuple) else target[found]
        else:
            target = target.get(step) if isinstance(target, dict) else None
    if isinstance(target, list):
        found = _position(target, last, assignment)
        del target[found[0] if isinstance(found, tuple) else found]
    elif isinstance(target, dict) and last in target:
        del target[last]
    else:
        raise ConfigError(f"-o {assignment}: there is no such key")


def _position(items, step, assignment):
    if step.isdigit() and int(step) < len(items):
        return int(step)
    for number, item in enumerate(items):
        if isinstance(item, dict) and list(item) == [step]:
            return number, step
    names = [next(iter(item)) for item in items if isinstance(item, dict) and len(item) == 1]
    raise ConfigError(f"-o {assignment}: {step!r} is not in the list; it has {names or len(items)}")


def _copy(value):
    if isinstance(value, dict):
        return {k: _copy(v) for k, v in value.items()}
    return [_copy(v) for v in value] if isinstance(value, list) else value


def diff(before: dict, after: dict, place: tuple = ()) -> list[str]:
    """Compare two configurations.

    Args:
        before: values of the first configuration.
        after: values of the second configuration.
        place: place of both in their files.

    Returns: lines "- place: value" for values of the first configuration that differ, "+ place: value" for the second.
    """
    lines = []
    for key in dict.fromkeys([*before, *after]):
        old, new, here = before.get(key), after.get(key), (*place, key)
        if old == new and (key in before) == (key in after):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            lines += diff(old, new, here)
            continue
        lines += [f"- {dotted(here)}: {old}"] if key in before else []
        lines += [f"+ {dotted(here)}: {new}"] if key in after else []
    return lines
