"""Incompressible flow by conservative fluxes on a staggered grid, third-order Runge-Kutta steps and projections."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp

from neuralpde.equations import AbstractEquation, BuoyantSmoke
from neuralpde.spaces import Field, Trajectory

from .solver import AbstractSolver
from .staggered_flow import Flow, FlowState, Time, solve_flow
from .time_steps import march


class ProjectionMethod(AbstractSolver):
    """Solver of `NavierStokes` and `BuoyantSmoke`: second order in space, third in time.

    Fluxes of `staggered_transport`; the Runge-Kutta method of Shu & Osher (J. Comput. Phys. 77 (1988) 439, equation
    2.18) with a projection after each of its three stages, so that velocities are free of divergence to round-off.
    Explicit: steps end where the Courant number, diffusion and the acceleration from rest included, reaches ``cfl``,
    and at ``step`` where one is given. A run of more than ``max_steps`` between two times gives no numbers.

    Fields live on the cells of a box, or on the points of periodic axes, and hold the components of the equation at
    those points; their pressure (mean zero) is that of their velocity, also in the first state, whose velocity is
    the initial one made free of divergence. With ``staggered`` the fields instead hold each component of velocity at
    the lower face of its cell (that of axis k half a cell below the point along axis k, the first one of a walled
    axis on the wall), as PDEArena stores them: then no mean is taken on the way in and out.
    """

    cfl: float | Time = 0.5
    step: float | Time | None = None
    staggered: bool = eqx.field(static=True, default=False)
    max_steps: int = eqx.field(static=True, default=100_000)

    def solve(self, equation: AbstractEquation, initial: Field, times: Sequence[float]) -> Trajectory:
        """The states at ``times``; ``ValueError`` for another equation, grid or set of components."""
        return solve_flow(equation, initial, times, self.staggered, self._advance)

    def refined(self) -> ProjectionMethod:
        """Half the Courant number and half the longest step."""
        return dataclasses.replace(self, cfl=self.cfl / 2, step=None if self.step is None else self.step / 2)

    def _advance(self, flow: Flow, state: FlowState, start: Time, end: Time) -> FlowState:
        return march(
            lambda s, t, dt: _runge_kutta(flow, s, t, dt),
            lambda s, t: self._longest(flow, s, t),
            state,
            start,
            end,
            self.max_steps,
        )

    def _longest(self, flow: Flow, state: FlowState, t: Time) -> Time:
        limit = self.cfl / _rate_of_change(flow, state, t)
        return limit if self.step is None else jnp.minimum(limit, self.step)


def _runge_kutta(flow: Flow, state: FlowState, t: Time, dt: Time) -> FlowState:
    def stage(now, coefficients):
        weight, time = coefficients
        rate = flow.rate(t + time * dt, now)
        mixed = jax.tree.map(lambda a, b, r: weight * a + (1 - weight) * (b + dt * r), state, now, rate)
        return flow.projected(mixed), None

    coefficients = jnp.array([[0.0, 0.0], [0.75, 1.0], [1 / 3, 0.5]], t.dtype)
    return jax.lax.scan(stage, state, coefficients)[0]


def _rate_of_change(flow: Flow, state: FlowState, t: Time) -> Time:
    """How often a second something crosses a cell: by speed, by acceleration from rest, by diffusion."""
    equation, spacing = flow.equation, flow.grid.spacing
    diffusivity = equation.viscosity
    if isinstance(equation, BuoyantSmoke):
        diffusivity = jnp.maximum(diffusivity, equation.diffusivity)
    walls, force = flow.walls(t), flow.driving(t, state.smoke)
    crossing = falling = jnp.zeros((), t.dtype)
    for k, h in enumerate(spacing):
        moving = [jnp.max(jnp.abs(side)) for pair in walls[k] if pair is not None for side in pair]
        crossing += jnp.maximum(jnp.max(jnp.abs(state.velocity[k])), sum(moving)) / h
        falling += jnp.max(jnp.abs(force[k])) / h
    return crossing + jnp.sqrt(falling) + 2 * diffusivity * sum(h**-2 for h in spacing)
