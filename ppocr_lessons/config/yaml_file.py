"""YAML to plain values: safe, with line numbers, overrides, and the spellings that PaddleOCR's files use."""

import pathlib
import re
import sys
from typing import NamedTuple

import yaml


class ConfigError(ValueError):
    """A configuration that cannot be used: every problem with file, place, what was found and what is known."""


class Problem(NamedTuple):
    """One problem: `place` in the file, as keys and list positions, and `reason`."""

    place: tuple
    reason: str


class _Loader(yaml.SafeLoader):
    """SafeLoader that takes 1e-6 for a number, as YAML 1.2 does."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+0123456789.")
)

_CONTAINERS = ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")

MOST_NODES = 20_000
"""Values of a file, aliases counted as often as they are used. The longest known configuration has about 500."""


class YamlFile:
    """A parsed file: `values`, and the line of any place in it.

    Args:
        path: of the file.

    Raises:
        ConfigError: no such file, not UTF-8, not YAML, not sections, too large; names file and line.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error}") from error
        loader = _Loader(text)
        try:
            self._root = loader.get_single_node()
            self._count = 0
            self.values = self._value(loader, self._root)
        except RecursionError as error:
            raise ConfigError(f"{path}: an alias that contains itself") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f":{mark.line + 1}" if mark else ""
            raise ConfigError(f"{path}{where}: not YAML: {getattr(error, 'problem', error)}") from error
        except ValueError as error:
            raise ConfigError(f"{path}: {error}") from error
        finally:
            loader.dispose()
        if not isinstance(self.values, dict):
            raise ConfigError(
                f"{path}: sections (Global:, Architecture:, ...) are needed, found {self.values!r:.80}"
            )

    def _value(self, loader, node):
        self._count += 1
        if self._count > MOST_NODES:
            raise ValueError(f"more than {MOST_NODES} values; is an alias repeated without end?")
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _CONTAINERS:
            raise ValueError(f"line {node.start_mark.line + 1}: not YAML without objects: {node.tag}")
        if isinstance(node, yaml.SequenceNode):
            return [self._value(loader, item) for item in node.value]
        if isinstance(node, yaml.MappingNode):
            loader.flatten_mapping(node)
            values = {}
            for key_node, value_node in node.value:
                key = loader.construct_object(key_node, deep=True)
                if not isinstance(key, str):
                    raise ValueError(f"line {key_node.start_mark.line + 1}: key {key!r} is not a name")
                if key in values:
                    line = key_node.start_mark.line + 1
                    print(f"{self.path}:{line}: {key!r} stands here twice, this one counts", file=sys.stderr)
                values[key] = self._value(loader, value_node)
            return values
        return loader.construct_object(node, deep=True)

    def line(self, place: tuple) -> int | None:
        """Line of a place, or of the deepest part of it that is there; None for what an override put in."""
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

    def raise_for(self, problems: list[Problem]) -> None:
        """Raise one error for all problems, if there are any.

        Raises:
            ConfigError: see above.
        """
        if not problems:
            return
        lines = [f"{self.path}: {len(problems)} " + ("problem" if len(problems) == 1 else "problems")]
        for place, reason in dict.fromkeys(problems):
            line = self.line(place)
            at = f" (line {line})" if line else ""
            lines.append(f"  {dotted(place) or 'the file'}{at}: {reason}")
        raise ConfigError("\n".join(lines))


def dotted(place: tuple) -> str:
    """A place as an override spells it: Train.dataset.transforms.2.RecAug."""
    return ".".join(map(str, place))


def parse_value(text: str):
    """Value of an override, as it would be in the file; nothing stands for null."""
    try:
        return yaml.load(text, Loader=_Loader)  # a SafeLoader
    except yaml.YAMLError:
        return text


def override(values: dict, assignments: list[str]) -> dict:
    """Values with `Section.key=value` put in; a new dictionary.

    A list is entered by position, or by the name of the only key of an item (Train.dataset.transforms.RecAug.tia_prob).

    Args:
        values: of a file.
        assignments: as after `-o`.

    Raises:
        ConfigError: no "=" in it, or a way that ends at something that has no keys.
    """
    values = _copy(values)
    for assignment in assignments:
        place, found, text = assignment.partition("=")
        if not found or not place:
            raise ConfigError(f"-o {assignment}: Section.key=value is needed")
        target, *rest = values, *place.strip().split(".")
        for number, step in enumerate(rest):
            last = number == len(rest) - 1
            if isinstance(target, list):
                step = _position(target, step, assignment)
                if isinstance(step, tuple):  # an item named by its only key
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
    """What a strategy changes: one line a value, "- " before and "+ " after.

    Args:
        before, after: values of two configurations.
        place: where they stand.
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
