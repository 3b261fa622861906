"""Errors of a configuration, which are collected so that all of them are reported together before training starts."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import pydantic

from .compat import name_of, split_ignored
from .schema import OneOf


class Problem(NamedTuple):
    """An error in a configuration: its `place` in the file, as keys and list indices, and the `reason`."""

    place: tuple
    reason: str


class ConfigError(ValueError):
    """A configuration that cannot be used. The message lists all problems with file, place, line and reason.

    Args:
        message: message for the user.
        problems: the problems that the message lists.
    """

    def __init__(self, message: str, problems: list[Problem] | tuple[Problem, ...] = ()):
        super().__init__(message)
        self.problems = list(problems)


def raise_for(path, problems: list[Problem], where=lambda place: "", cause=None) -> None:
    """Raise one error for all problems of a configuration, if there are any.

    Args:
        path: path of the configuration.
        problems: the problems; duplicates are reported once.
        where: function of a place that returns its line in the file; see `Config.where`.
        cause: exception that led to a single problem, if there is one.

    Raises:
        ConfigError: names the file, and place, line and reason of each problem.
    """
    problems = list(dict.fromkeys(problems))
    if not problems:
        return
    lines = [f"{path}: {len(problems)} " + ("problem" if len(problems) == 1 else "problems")]
    for place, reason in problems:
        line = where(place)
        at = f" ({line})" if line else ""
        lines.append(f"  {dotted(place) or 'the file'}{at}: " + reason.replace("\n", "\n  "))
    raise ConfigError("\n".join(lines), problems) from cause


def dotted(place: tuple) -> str:
    """Format a place as in an override, such as Train.dataset.transforms.2.RecAug.

    Args:
        place: keys and list indices, from the top of the file.

    Returns: the place as text.
    """
    return ".".join(map(str, place))


def say(message: str) -> None:
    """Print a message to stderr.

    Args:
        message: one or more lines; nothing is printed if it is empty.
    """
    if message:
        print(message, file=sys.stderr)


class Checker:
    """Validates the sections of a file. Invalid values become problems, keys without an effect become notes.

    Args:
        values: values of the whole file.
    """

    def __init__(self, values: dict):
        self.values, self.problems, self.notes = values, [], []

    def problem(self, place: tuple, reason: str) -> None:
        """Add a problem.

        Args:
            place: keys and list indices, from the top of the file.
            reason: what was found there and what is possible.
        """
        self.problems.append(Problem(place, reason))

    def effective(self, kind: tuple, values: dict, place: tuple) -> dict:
        """Remove the keys of a section that PaddleOCR's files have and that have no effect here; see compat.py.

        Args:
            kind: kind of the section in compat.py.
            values: values of the section.
            place: place of the section, for the notes about keys that change the training in PaddleOCR.

        Returns: the remaining values.
        """
        values, told = split_ignored(kind, values)
        self.notes += [f"{dotted((*place, key))}: {reason}" for key, reason in told]
        return values

    def named_values(self, values, place: tuple, *, needed: bool = True) -> dict:
        """Check that a section consists of named values.

        Args:
            values: value of the section.
            place: place of the section in the file.
            needed: whether a missing section is a problem.

        Returns: the values; an empty dictionary if there are none, or if the section is something else.
        """
        if isinstance(values, dict) and (values or not needed):
            return values
        if values is not None or needed:
            what = "missing" if values is None else f"found {values!r:.60}, named values are needed"
            self.problem(place, what)
        return {}

    def validate(
        self,
        model,
        values: dict,
        place: tuple,
        kind: tuple | None = None,
        *,
        what: str = "names",
        rest: bool = False,
    ):
        """Validate a section.

        Args:
            model: pydantic model, or `schema.OneOf` several.
            values: values of the section.
            place: place of the section in the file.
            kind: kind of the section in compat.py; by default its place.
            what: kind of things that the key `name` selects, in the plural, for the message.
            rest: if some values are invalid, return the model of the valid ones, so that further checks are possible.

        Returns: the model; None if the section is invalid. Every invalid value becomes a problem.
        """
        values = self.effective(kind or place, values, place)
        try:
            return model.model_validate(values)
        except pydantic.ValidationError as error:
            errors = error.errors()
        # Without a valid name, errors of the other values are meaningless.
        for one in [one for one in errors if _is_name(one)] or errors:
            self.problems.append(_explained(one, model, values, place, what))
        bad = {one["loc"][0] for one in errors if one["loc"]}
        good = {key: value for key, value in values.items() if key not in bad}
        return model.model_validate(good) if rest and bad and _passes(model, good) else None

    def validate_named(self, models: OneOf, values, place: tuple, what: str):
        """Validate a section whose key `name` selects the model.

        Args:
            models: the possible models.
            values: value of the section.
            place: place of the section in the file.
            what: kind of things that the names select, in the plural, for the message.

        Returns: the model; None if the section is invalid. Every invalid value becomes a problem.
        """
        values = self.named_values(values, place)
        if not values:
            return None
        name = name_of(values.get("name"))
        if isinstance(name, str):
            values = self.effective((name,), values, place)
        return self.validate(models, {**values, "name": name}, place, what=what)


def _is_name(error: dict) -> bool:
    return error["type"] == "union_tag_invalid" or (
        error["type"] == "literal_error" and error["loc"] == ("name",)
    )


def _explained(error: dict, model, values: dict, place: tuple, what: str) -> Problem:
    """Convert an error of pydantic to a problem."""
    if _is_name(error):
        known = error["ctx"].get("expected_tags") or error["ctx"]["expected"].replace(" or ", ", ")
        return Problem((*place, "name"), f"found {values['name']!r:.60}; known {what} are [{known}]")
    loc = error["loc"]
    if isinstance(model, OneOf):  # in a union of several models the first step is the name
        model, loc = model.models[values["name"]], loc[1:] if len(model.models) > 1 else loc
    where = (*place, *(step for step in loc if isinstance(step, int) or step in values))
    if error["type"] == "extra_forbidden":
        return Problem(where, f"unknown key; known here are {sorted(model.model_fields)}")
    if error["type"] == "missing":
        return Problem((*place, loc[-1]), "missing")
    return Problem(where, f"found {error['input']!r:.60}: {error['msg'].removeprefix('Value error, ')}")


def _passes(model, values: dict) -> bool:
    try:
        model.model_validate(values)
    except pydantic.ValidationError:
        return False
    return True


class Trial:
    """Steps that may fail independently; the errors of all of them are reported together.

    Args:
        path: path of the configuration.
        where: function of a place that returns its line in the file; see `Config.where`.
    """

    def __init__(self, path, where: Callable[[tuple], str]):
        self.path, self.where, self.problems = path, where, []

    def of(self, place: tuple, build):
        """Call a function; if it fails, its error becomes a problem.

        Args:
            place: place in the file that the function is about, for errors that do not name one.
            build: function without arguments.

        Returns: the result of the function; None if it failed.
        """
        try:
            return build()
        except ConfigError as error:
            self.problems += error.problems or [Problem(place, str(error))]
        except (ValueError, OSError, ImportError) as error:
            self.problems.append(Problem(place, str(error)))
        return None

    def finish(self) -> None:
        """Raise one error for all problems, if there are any.

        Raises:
            ConfigError: names the file, and place, line and reason of each problem.
        """
        raise_for(self.path, self.problems, self.where)
