"""Boundary conditions in the words of The Well: ``periodic``, ``wall`` or ``open``, where a mask says, for some fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from neuralpde.spaces import AbstractBoundaryCondition, Dirichlet, Free, Grid, Periodic

Sides = tuple[str, str]


class _Condition(NamedTuple):
    """One condition on one side of one axis."""

    axis: str
    upper: bool
    word: str
    fields: set[str]
    value: float | None


def boundary_words(opened: Any) -> dict[str, Sides]:
    """``periodic``, ``wall`` or ``open`` at the lower and upper side of each axis that has a condition."""
    words: dict[str, list[str]] = {}
    for condition in _conditions(opened):
        words.setdefault(condition.axis, ["open", "open"])[condition.upper] = condition.word
    return {axis: (lower, upper) for axis, (lower, upper) in words.items()}


def conditions(
    opened: Any, on: Grid, fields: set[str]
) -> list[tuple[AbstractBoundaryCondition, AbstractBoundaryCondition]]:
    """Our conditions on functions with the components of ``fields``.

    A wall is a Dirichlet side where the file states one value for all of these fields there; a space has one
    condition a side for all of its components, so nothing is claimed (`Free`) where it states none or fields
    differ, and at open sides.
    """
    stated = list(_conditions(opened))

    def side(axis: str, upper: bool) -> AbstractBoundaryCondition:
        here = [c for c in stated if (c.axis, c.upper, c.word) == (axis, upper, "wall")]
        values = {c.value for c in here if c.value is not None}
        covered = set().union(*(c.fields for c in here)) if here else set()
        return Dirichlet(values.pop()) if len(values) == 1 and fields <= covered else Free()

    return [
        (Periodic(), Periodic()) if axis.periodic else (side(axis.name, False), side(axis.name, True))
        for axis in on.domain.axes
    ]


def _conditions(opened: Any) -> Iterator[_Condition]:
    for group in opened["boundary_conditions"].values():
        word = _text(group.attrs.get("bc_type", "open")).lower()
        axes = [_text(name) for name in np.atleast_1d(group.attrs.get("associated_dims", []))]
        fields = {_text(name) for name in np.atleast_1d(group.attrs.get("associated_fields", []))}
        mask = np.asarray(group["mask"], bool) if "mask" in group else np.ones((1,) * len(axes), bool)
        values = np.unique(np.asarray(group["values"], float)) if "values" in group else np.zeros(0)
        value = float(values[0]) if values.size == 1 else None
        for place, axis in enumerate(axes):
            for upper in (False, True):
                if mask.ndim == len(axes) and mask.take(-1 if upper else 0, axis=place).all():
                    yield _Condition(axis, upper, word, fields, value)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
