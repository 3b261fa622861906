"""Gather problems instead of stopping at the first."""

import pydantic

from .compat import name_of, split_ignored
from .schema import OneOf
from .yaml_file import Problem, dotted


class Checker:
    """Turns values into parts of a schema; what does not pass becomes a problem, what has no effect a note.

    Args:
        values: of a whole file.
    """

    def __init__(self, values: dict):
        self.values, self.problems, self.notes = values, [], []

    def problem(self, place: tuple, reason: str) -> None:
        """Note a problem.

        Args:
            place: keys and list indices, from the top of the file.
            reason: what was found there and what is known.
        """
        self.problems.append(Problem(place, reason))

    def counting(self, kind: tuple, values: dict, place: tuple) -> dict:
        """Values of a section without those that PaddleOCR's files carry and that mean nothing here; see compat.py.

        Args:
            kind: of the section.
            values: of it.
            place: of it, for the notes on values whose loss the reader is told of.
        """
        values, told = split_ignored(kind, values)
        self.notes += [f"{dotted((*place, key))}: {reason}" for key, reason in told]
        return values

    def section(self, values, place: tuple, *, needed: bool = True) -> dict:
        """A part that has to be named values.

        Args:
            values: that were found.
            place: see `problem`.
            needed: whether a missing section is a problem.
        """
        if isinstance(values, dict) and (values or not needed):
            return values
        if values is not None or needed:
            what = "missing" if values is None else f"found {values!r:.60}, named values are needed"
            self.problem(place, what)
        return {}

    def part(
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
            what: what the key `name` stands for, in the plural, for the message.
            rest: if some values are invalid, return the model of the valid ones, so that further checks are possible.

        Returns: the model; None if the section is invalid. Every invalid value becomes a problem.
        """
        values = self.counting(kind or place, values, place)
        try:
            return model.model_validate(values)
        except pydantic.ValidationError as error:
            errors = error.errors()
        # The other values of a section mean nothing without its name.
        for one in [one for one in errors if _is_name(one)] or errors:
            self.problems.append(_explained(one, model, values, place, what))
        bad = {one["loc"][0] for one in errors if one["loc"]}
        good = {key: value for key, value in values.items() if key not in bad}
        return model.model_validate(good) if rest and bad and _passes(model, good) else None

    def one_of(self, known, name, place: tuple, what: str) -> bool:
        """Is a name among those that are known? A problem if it is not.

        Args:
            known: names that may stand there.
            name: that was found.
            place: see `problem`.
            what: what the names are of, in the plural.
        """
        if isinstance(name, str) and name_of(name) in known:
            return True
        self.problem(place, f"found {name!r:.60}; known {what} are {sorted(known)}")
        return False

    def named(self, models: OneOf, values, place: tuple, what: str):
        """Validate a section whose key `name` selects the model.

        Args:
            models: the possible models.
            values: value of the section.
            place: place of the section in the file.
            what: what the names stand for, in the plural, for the message.

        Returns: the model; None if the section is invalid. Every invalid value becomes a problem.
        """
        values = self.section(values, place)
        if not values:
            return None
        name = name_of(values.get("name"))
        if isinstance(name, str):
            values = self.counting((name,), values, place)
        return self.part(models, {**values, "name": name}, place, what=what)


def _is_name(error: dict) -> bool:
    return error["type"] == "union_tag_invalid" or (
        error["type"] == "literal_error" and error["loc"] == ("name",)
    )


def _explained(error: dict, model, values: dict, place: tuple, what: str) -> Problem:
    """The problem that an error of pydantic stands for."""
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
