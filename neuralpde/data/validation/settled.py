"""Stationary diffusion solved again: the pressure in the stored medium.

Where the solver saw a finer medium than the stored one, the two solutions differ by the error of the stored grid. It is
estimated from the recorded distance to a finer grid, which falls in proportion to the cells: ten times that are allowed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from neuralpde.data.dataset import as_field
from neuralpde.equations import Darcy
from neuralpde.solvers import solve_elliptic
from neuralpde.spaces import Field, FunctionSpace, Grid

from .batches import over_all
from .checks import Figures
from .report import ROUNDING, NotApplicable
from .slabs import Slab

MARGIN = 10.0


def settled(slab: Slab) -> Figures:
    """Relative distance of the stored solutions from those solved again, and what is allowed: (sample,)."""
    medium, u = as_field(slab.sample.inputs), as_field(slab.sample.targets)
    if not isinstance(u.on, Grid) or medium.on != u.on or (medium.space.channels, u.space.channels) != (1, 1):
        raise NotApplicable("medium and solution are no scalars on one grid")
    with jax.enable_x64(True):
        stored = np.asarray(u.values, float)
        source = float(slab.split.recipe.get("source", 1.0))
        found = over_all(partial(_solutions, u.space, u.on, source), {"media": medium.values}, stored[0].size)
    size = np.linalg.norm(stored.reshape(len(stored), -1), axis=1)
    distance = np.linalg.norm((found - stored).reshape(len(stored), -1), axis=1) / np.where(size > 0, size, 1.0)
    return {
        "distance": np.nan_to_num(distance, nan=np.inf),
        "allowed": np.full(len(stored), _allowed(slab.split.recipe, slab.split.provenance, u.on)),
    }


@eqx.filter_jit
def _solutions(
    space: FunctionSpace, on: Grid, source: float, media: Float[Array, "n *grid 1"]
) -> Float[Array, "n *grid 1"]:
    def solved(medium):
        equation = Darcy(Field(medium, on, space.free(("a",))), source)
        return solve_elliptic(equation, space, on, tolerance=1e-10).field.values

    return jax.vmap(solved)(media)


def _allowed(recipe: dict[str, Any], provenance: dict[str, Any], on: Grid) -> float:
    refine = recipe.get("refine", 1)
    if refine == 1:
        return ROUNDING
    accuracy = provenance.get("accuracy", {})
    recorded = accuracy.get("finer_grid", accuracy.get("function"))
    if recorded is None:
        raise NotApplicable("the medium was finer than the stored one, and no accuracy is recorded")
    # The recorded distance is about half the error of the solver's cells, at the resolution of the training set.
    return max(ROUNDING, MARGIN * recorded * refine * max(1.0, recipe["resolution"] / on.shape[0]))
