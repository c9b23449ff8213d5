"""The evolution problem that a provenance states: equation, solver, and the parameters of every sample."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation

from .rebuilding import rebuilt
from .report import NotApplicable
from .slabs import Slab, Split


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """An equation with the numbers of its recipe, and what the recipe says of its solution."""

    equation: AbstractEquation
    recipe: dict[str, Any]

    @property
    def refine(self) -> int:
        """How many times finer the solver's grid was than the stored one."""
        return int(self.recipe.get("refine", 1))

    def parameters(self, slab: Slab) -> dict[str, Float[Array, " n"]]:
        """Parameters of the equation that are drawn for every sample, in the precision of the computation."""
        names = [name for name, *_ in self.recipe.get("vary") or ()]
        missing = [name for name in names if name not in slab.sample.parameters]
        if missing:
            raise NotApplicable(f"the parameters {missing} of the recipe are not stored")
        return {name: jnp.asarray(slab.sample.parameters[name], float) for name in names}


def problem_of(split: Split) -> Problem:
    """The evolution problem of a split. Raises `NotApplicable` where its file states none."""
    if "problem" not in split.shared:
        split.shared["problem"] = _stated(split)
    found = split.shared["problem"]
    if isinstance(found, NotApplicable):
        raise found
    return found


def _stated(split: Split) -> Problem | NotApplicable:
    recipe = split.recipe
    if recipe.get("type") != "Evolution":
        return NotApplicable("the file states no evolution equation")
    if recipe.get("observe") is not None:
        return NotApplicable("the file keeps what is observed of the states, not the states")
    try:
        return Problem(rebuilt(recipe.get("equation"), AbstractEquation), recipe)
    except NotApplicable as reason:
        return reason
