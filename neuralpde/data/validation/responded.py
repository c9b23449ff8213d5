"""Responses solved again: the state that the stored forcing drives from rest.

The forcing is interpolated between its stored values; how well they carry it is measured by the solution with every second
of them, whose distance is allowed.
"""

from __future__ import annotations

import dataclasses
from functools import partial

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from neuralpde.data.dataset import as_field
from neuralpde.equations import AbstractODE
from neuralpde.solvers import solve_ode
from neuralpde.spaces import Field, FunctionSpace, Grid

from .batches import over_all
from .checks import Figures
from .rebuilding import rebuilt
from .report import ROUNDING, NotApplicable
from .slabs import Slab


def responded(slab: Slab) -> Figures:
    """Relative distance of the stored responses from those solved again, and what is allowed: (sample,)."""
    forcing, response = as_field(slab.sample.inputs), as_field(slab.sample.targets)
    if not isinstance(forcing.on, Grid) or forcing.on != response.on or forcing.on.domain.dim != 1:
        raise NotApplicable("forcing and response are no functions at the same times")
    with jax.enable_x64(True):
        equation, n = rebuilt(slab.split.recipe.get("equation"), AbstractODE), forcing.on.shape[0]
        solve = partial(_responses, equation, forcing.space, forcing.on)
        found, rough = (over_all(partial(solve, nodes), {"forcings": forcing.values}, n) for nodes in (n, n // 2))
    stored = np.asarray(response.values, float)
    size = _norm(stored)
    distance, error = (_norm(other - found) / np.where(size > 0, size, 1.0) for other in (stored, rough))
    return {
        "distance": np.nan_to_num(distance, nan=np.inf),
        "allowed": np.maximum(ROUNDING, np.nan_to_num(error, nan=0.0)),
    }


def _norm(values: np.ndarray) -> np.ndarray:
    return np.linalg.norm(values.reshape(len(values), -1), axis=1)


@eqx.filter_jit
def _responses(
    equation: AbstractODE, space: FunctionSpace, on: Grid, nodes: int, forcings: Float[Array, "n time 1"]
) -> Float[Array, "n time c"]:
    """Responses at the times of ``on`` to forcings that are given there, and interpolated from ``nodes`` of them."""
    n, (axis,) = on.shape[0], on.domain.axes
    times = [axis.lower + axis.length * i / (n - 1) for i in range(n)]

    def solved(values):
        forcing = Field(values, on, space).resample(on.with_shape(nodes))
        return solve_ode(dataclasses.replace(equation, forcing=forcing), equation.initial_state(), times)

    return jax.vmap(solved)(forcings)
