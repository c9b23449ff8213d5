"""Whether trajectories keep the integrals that the stated equation conserves."""

from __future__ import annotations

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.data.dataset import as_field
from neuralpde.equations import AbstractEquation, AbstractIncompressibleFlow
from neuralpde.spaces import Field, FunctionSpace, Grid

from .checks import Check, Figures, Table, split_by_split
from .problem import problem_of
from .report import FAILED, OK, Finding, NotApplicable, counted
from .slabs import Slab

DRIFT = 1e-5
"""Integrals may change by this part of the integral of the absolute value: single precision, summed up."""


def _drifts(slab: Slab) -> Figures:
    """Largest change of each integral over what is allowed: name -> (sample,).

    Points left out of a finer grid leave an error of the integral, for which that of every second of the stored points
    is an upper bound; it is allowed too.
    """
    problem, states = problem_of(slab.split), slab.states
    on = as_field(slab.sample.targets).on
    if states is None or not isinstance(on, Grid) or states.shape[1] < 2:
        raise NotApplicable("the samples are no states at several times")
    if not all(on.domain.periodic):
        raise NotApplicable("something may pass the sides of the domain")
    if isinstance(problem.equation, AbstractIncompressibleFlow):
        raise NotApplicable("forces and semi-Lagrangian steps change momentum and smoke")
    with jax.enable_x64(True):
        thinned = _thinned(on) if problem.refine > 1 else None
        space = as_field(slab.sample.targets).space
        linear = _linear_invariants(problem.equation, space, on)
        figures = _relative_drifts(
            problem.equation, space, on, thinned, linear, jnp.asarray(states, float), problem.parameters(slab)
        )
        found = {name: np.asarray(drift) for name, drift in figures.items()}
    if not found:
        raise NotApplicable(f"{type(problem.equation).__name__} conserves no integral of a component")
    return found


def _thinned(on: Grid) -> Grid | None:
    return on.with_shape(*(n // 2 for n in on.shape)) if all(n % 2 == 0 for n in on.shape) else None


@eqx.filter_jit
def _relative_drifts(
    equation: AbstractEquation,
    space: FunctionSpace,
    on: Grid,
    thinned: Grid | None,
    names: tuple[str, ...],
    states: Float[Array, "n time *grid c"],
    parameters: dict[str, Float[Array, " n"]],
) -> dict[str, Float[Array, " n"]]:
    """Largest change of each invariant over what is allowed."""
    every_second = (slice(None), *(slice(None, None, 2),) * len(on.shape))

    def integrals(equation, states, grid):
        found = jax.vmap(lambda state: equation.invariants(Field(state, grid, space)))(states)
        return {name: found[name] for name in names}

    def drifts(states, parameters):
        law = dataclasses.replace(equation, **parameters)
        kept, sizes = integrals(law, states, on), integrals(law, jnp.abs(states), on)
        rough = kept if thinned is None else integrals(law, states[every_second], thinned)
        found = {}
        for name in names:
            allowed = DRIFT * jnp.abs(sizes[name]).max() + jnp.abs(rough[name] - kept[name]).max()
            found[name] = jnp.abs(kept[name] - kept[name][0]).max() / jnp.where(allowed > 0, allowed, 1.0)
        return found

    return jax.vmap(drifts)(states, parameters)


def _linear_invariants(equation: AbstractEquation, space: FunctionSpace, on: Grid) -> tuple[str, ...]:
    """Names of the invariants that are linear in the state: solvers keep these to round-off, others to their order."""
    u = jax.random.normal(jax.random.key(0), (*on.shape, space.channels)) + 2
    once, twice = (equation.invariants(Field(factor * u, on, space)) for factor in (1.0, 2.0))
    return tuple(name for name in once if np.isclose(twice[name], 2 * once[name], rtol=1e-8, atol=0))


def _judge(table: Table) -> Finding:
    notes = [
        f"{counted(table.rows[drift > 1], len(drift), f'gain or lose {name}')}, up to {drift.max():.3g} times what is allowed"
        for name, drift in table.figures.items()
        if not (drift <= 1).all()
    ]
    worst = max(float(drift.max()) for drift in table.figures.values())
    kept = f"{', '.join(table.figures)} kept; largest drift {worst:.2g} of what is allowed"
    return table.finding(FAILED if notes else OK, "; ".join(notes) or kept)


CONSERVATION = Check("conservation", _drifts, split_by_split(_judge))
