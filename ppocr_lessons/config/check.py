"""Gather problems instead of stopping at the first."""

import pydantic

from .compat import drop_ignored, name_of
from .yaml_file import Problem


class Checker:
    """Turns values into parts of a schema; what does not pass becomes a problem.

    Args:
        values: of a whole file.
    """

    def __init__(self, values: dict):
        self.values, self.problems = values, []

    def problem(self, place: tuple, reason: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(place, reason))

    def section(self, values, place: tuple, *, needed: bool = True) -> dict:
        """A part that has to be named values."""
        if isinstance(values, dict):
            return values
        if values is not None or needed:
            what = "missing" if values is None else f"found {values!r:.60}, named values are needed"
            self.problem(place, what)
        return {}

    def part(self, model, values: dict, place: tuple, kind: tuple | None = None):
        """Values checked against a model; None, and problems, if they do not pass."""
        values = drop_ignored(kind or place, values)
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
        return None

    def named(self, models: dict, values, place: tuple, what: str):
        """A part whose model goes by its name."""
        values = self.section(values, place)
        if not values:
            return None
        name = name_of(values.get("name"))
        if name not in models:
            self.problem((*place, "name"), f"found {values.get('name')!r}; known {what} are {sorted(models)}")
            return None
        return self.part(models[name], {**values, "name": name}, place)
