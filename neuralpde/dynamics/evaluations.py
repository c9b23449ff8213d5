"""How many evaluations of the vector field the steps of an explicit solver take."""

from __future__ import annotations

from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Int

SINGLE_STAGE = (
    diffrax.Euler,
    diffrax.EulerHeun,
    diffrax.ItoMilstein,
    diffrax.StratonovichMilstein,
    diffrax.LeapfrogMidpoint,
)


class Price(NamedTuple):
    """Evaluations each attempted step takes, each attempt from a state whose derivative is not known, each solve."""

    step: int
    fresh: int = 0
    solve: int = 0


def price(solver: diffrax.AbstractSolver) -> Price | None:
    """Evaluations of the (drift's) vector field by a solver, None where it iterates or is not known here.

    A Runge-Kutta method whose last stage is the first of the next step leaves out the first stage of a step, except in
    each attempt at the first step and each attempt right after a jump.
    """
    if isinstance(solver, diffrax.HalfSolver):
        # One whole step and two halves: the whole one and the first half begin where the last step ended.
        inner = price(solver.solver)
        return None if inner is None else Price(3 * inner.step, 2 * inner.fresh, inner.solve)
    if isinstance(solver, diffrax.AbstractWrappedSolver):
        return price(solver.solver)
    if isinstance(solver, diffrax.AbstractERK):
        tableau = solver.tableau
        return Price(tableau.num_stages - 1, 1) if tableau.fsal else Price(tableau.num_stages)
    if isinstance(solver, diffrax.AbstractSRK):
        ignored = solver.tableau.ignore_stage_f
        return Price(len(solver.tableau.b_sol) - (0 if ignored is None else int(ignored.sum())))
    if isinstance(solver, diffrax.ReversibleHeun):
        return Price(1, 0, 1)
    return Price(1) if isinstance(solver, SINGLE_STAGE) else None


def count_evaluations(
    solver: diffrax.AbstractSolver, attempts: Int[Array, ""], fresh: Int[Array, ""]
) -> Int[Array, ""] | None:
    """Of all attempted steps, ``fresh`` of which began without a known derivative."""
    each = price(solver)
    return None if each is None else each.step * attempts + each.fresh * fresh + each.solve


class CountedState(eqx.Module):
    """State of `CountedController`."""

    inner: Any
    unknown: Any
    fresh: Int[Array, ""]


class CountedController(diffrax.AbstractAdaptiveStepSizeController):
    """A step size controller that counts the attempted steps that begin without a known derivative."""

    controller: diffrax.AbstractAdaptiveStepSizeController

    @property
    def rtol(self):
        return self.controller.rtol

    @property
    def atol(self):
        return self.controller.atol

    @property
    def norm(self):
        return self.controller.norm

    def wrap(self, direction):
        return CountedController(self.controller.wrap(direction))

    def init(self, terms, t0, t1, y0, dt0, args, func, error_order):
        tnext, inner = self.controller.init(terms, t0, t1, y0, dt0, args, func, error_order)
        return tnext, CountedState(inner, jnp.asarray(True), jnp.zeros((), int))

    def adapt_step_size(self, t0, t1, y0, y1_candidate, args, y_error, error_order, controller_state):
        state = controller_state
        kept, tprev, tnext, jumped, inner, result = self.controller.adapt_step_size(
            t0, t1, y0, y1_candidate, args, y_error, error_order, state.inner
        )
        # A rejected attempt leaves the next one where it was itself: with or without a known derivative.
        unknown = jnp.where(kept, jumped, state.unknown)
        return kept, tprev, tnext, jumped, CountedState(inner, unknown, state.fresh + state.unknown), result
