"""Whether samples solve the stated equation: they, or parts of them, are solved again and compared with what is stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .checks import Check, Figures, Table, split_by_split
from .evolved import evolved
from .report import FAILED, OK, Finding, NotApplicable, counted
from .responded import responded
from .settled import settled
from .slabs import Slab, Split

BY_RECIPE: dict[str, Callable[[Slab], Figures]] = {
    "Evolution": evolved,
    "Stationary": settled,
    "DarcyRecipe": settled,
    "Response": responded,
}
"""How samples are solved again, by the recipe: each gives ``distance`` and ``allowed``, (sample,)."""


def _solved(slab: Slab) -> Figures:
    kind = _kind(slab.split)
    if kind is None:
        raise NotApplicable("the file states no equation")
    if kind not in BY_RECIPE:
        raise NotApplicable(f"samples of the recipe {kind} cannot be solved again")
    return BY_RECIPE[kind](slab)


def _kind(split: Split) -> str | None:
    """The class of the recipe; that of `darcy` is known by its numbers."""
    recipe = split.recipe
    return "DarcyRecipe" if {"alpha", "tau", "values"} <= set(recipe) else recipe.get("type")


def _judge(table: Table) -> Finding:
    distance, allowed = table.figures["distance"], table.figures["allowed"]
    bad = ~(distance <= allowed)
    worst = int(np.argmax(distance / allowed))
    shown = f"{distance[worst]:.2g} away where {allowed[worst]:.2g} is allowed"
    if not bad.any():
        return table.finding(OK, f"solved again: at most {shown}")
    wrong = counted(table.rows[bad], len(bad), "do not solve the equation")
    return table.finding(FAILED, f"{wrong}; solved again, sample {table.rows[worst]} is {shown}")


EQUATION = Check("equation", _solved, split_by_split(_judge))
