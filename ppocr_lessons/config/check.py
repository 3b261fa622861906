"""Gather problems instead of stopping at the first."""

import pydantic

from .compat import name_of, split_ignored
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

    def part(self, model, values: dict, place: tuple, kind: tuple | None = None, *, rest: bool = False):
        """Values checked against a model; None, and problems, if they do not pass.

        Args:
            model: of schema.py.
            values: of the section.
            place: of it.
            kind: for compat.py, if it is another than the place.
            rest: instead of None give what is left without the keys that did not pass, so that other checks go on.
        """
        values = self.counting(kind or place, values, place)
        try:
            return model.model_validate(values)
        except pydantic.ValidationError as error:
            for one in error.errors():
                where = (*place, *(step for step in one["loc"] if isinstance(step, int) or step in values))
                if one["type"] == "extra_forbidden":
                    reason = f"unknown key; known here are {sorted(model.model_fields)}"
                elif one["type"] == "missing":
                    where, reason = (*place, one["loc"][-1]), "missing"
                else:
                    reason = f"found {one['input']!r:.60}: {one['msg'].removeprefix('Value error, ')}"
                self.problem(where, reason)
            bad = {one["loc"][0] for one in error.errors() if one["loc"]}
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

    def named(self, models: dict, values, place: tuple, what: str):
        """A part whose model goes by its name.

        Args:
            models: schemas by name.
            values: that were found.
            place: see `problem`.
            what: what the names are of, in the plural.
        """
        values = self.section(values, place)
        if not values or not self.one_of(models, values.get("name"), (*place, "name"), what):
            return None
        name = name_of(values["name"])
        values = self.counting((name,), values, place)
        return self.part(models[name], {**values, "name": name}, place)


def _passes(model, values: dict) -> bool:
    try:
        model.model_validate(values)
    except pydantic.ValidationError:
        return False
    return True
