"""Incompressible flows on staggered grids: states, what drives them, and the way from fields and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation, AbstractIncompressibleFlow, BuoyantSmoke
from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field, Grid, Trajectory

from .projection import poisson, project
from .staggered import Cells, Faces, InTime, Staggered
from .staggered_transport import Walls, momentum_advection, momentum_laplacian, scalar_transport
from .times import checked_times

Time = Float[Array, ""]


class FlowState(NamedTuple):
    """Velocity on the faces and smoke at the centres of cells; flows without smoke hold None."""

    velocity: tuple[Faces, ...]
    smoke: Cells | None


class Flow(NamedTuple):
    """An equation on a staggered grid, its force and its walls ready to be asked at a time."""

    equation: AbstractIncompressibleFlow
    grid: Staggered
    force: tuple[InTime, ...]
    wall: dict[tuple[int, int, bool], InTime]
    staggered: bool

    def walls(self, t: Time) -> Walls:
        """Tangential velocities of the walls at a time."""

        def pair(k, axis):
            if self.grid.periodic(axis):
                return None
            return tuple(self.wall[k, axis, upper](t).astype(t.dtype) for upper in (False, True))

        axes = range(len(self.force))
        return tuple(tuple(pair(k, axis) for axis in axes) for k in axes)

    def driving(self, t: Time, smoke: Cells | None) -> tuple[Array, ...]:
        """Force and buoyancy on the inner faces of each component."""
        shapes = [self.grid.points(k).shape[:-1] for k in range(len(self.force))]
        force = [jnp.broadcast_to(f(t), shape).astype(t.dtype) for f, shape in zip(self.force, shapes, strict=True)]
        if isinstance(self.equation, BuoyantSmoke):
            force[1] = force[1] + self.equation.buoyancy * self.grid.mean_at_faces(smoke, 1)
        return tuple(force)

    def rate(self, t: Time, state: FlowState) -> FlowState:
        """Time derivative of a state without the slope of the pressure."""
        grid, walls = self.grid, self.walls(t)
        advection = momentum_advection(grid, state.velocity, walls)
        laplacian = momentum_laplacian(grid, state.velocity, walls)
        velocity = tuple(
            self.equation.viscosity * diffused - carried + grid.closed(force, k)
            for k, (diffused, carried, force) in enumerate(
                zip(laplacian, advection, self.driving(t, state.smoke), strict=True)
            )
        )
        smoke = state.smoke
        if isinstance(self.equation, BuoyantSmoke):
            smoke = scalar_transport(self.grid, smoke, state.velocity, self.equation.diffusivity)
        return FlowState(velocity, smoke)

    def projected(self, state: FlowState) -> FlowState:
        """The same state with a velocity that is free of divergence."""
        return state._replace(velocity=project(self.grid, state.velocity))

    def state(self, u: Field) -> FlowState:
        """The state that a field describes, free of divergence; its pressure is not read."""
        values = u.values[..., :2]
        faces = self.grid.from_lower_faces if self.staggered else self.grid.from_centres
        smoke = u.values[..., 3] if isinstance(self.equation, BuoyantSmoke) else None
        return self.projected(FlowState(faces(values), smoke))

    def values(self, t: Time, state: FlowState) -> Float[Array, "*cell c"]:
        """The components of the equation, with the pressure that keeps the velocity free of divergence."""
        p = poisson(self.grid, self.grid.divergence(self.rate(t, state).velocity))
        cells = self.grid.to_lower_faces if self.staggered else self.grid.to_centres
        parts = [cells(state.velocity), p[..., None]]
        if state.smoke is not None:
            parts.append(state.smoke[..., None])
        return jnp.concatenate(parts, axis=-1)


def solve_flow(
    equation: AbstractEquation,
    initial: Field,
    times: Sequence[float],
    staggered: bool,
    advance: Callable[[Flow, FlowState, Time, Time], FlowState],
) -> Trajectory:
    """States at all times by ``advance(flow, state, start, end)``; ``staggered`` is that of the solvers."""
    wanted = jnp.asarray(checked_times(times), initial.values.dtype)
    flow = _flow(equation, initial, staggered)
    state = flow.state(initial)

    def interval(state, ends):
        state = advance(flow, state, *ends)
        return state, state

    _, later = jax.lax.scan(interval, state, (wanted[:-1], wanted[1:]))
    states = jax.tree.map(lambda first, others: jnp.concatenate([first[None], others]), state, later)
    values = jax.lax.map(lambda saved: flow.values(*saved), (wanted, states))
    return Trajectory(wanted, Field.stack(values, initial.on, initial.space))


def _flow(equation: AbstractEquation, initial: Field, staggered: bool) -> Flow:
    if not isinstance(equation, AbstractIncompressibleFlow):
        raise ArgumentError(
            f"This solver is for incompressible flows such as NavierStokes, got {type(equation).__name__}."
        )
    if initial.space.names != equation.names:
        raise ArgumentError(
            f"A state of {type(equation).__name__} has the components {equation.names}, got {initial.space.names}; the "
            "pressure may hold anything, it follows from the velocity."
        )
    on = initial.on
    if not isinstance(on, Grid) or on.domain.dim != 2 or any(name not in ("cells", "periodic") for name in on.layout):
        raise ArgumentError(
            f"Incompressible flow is solved on the cells of a plane grid, got {on}; use layout='cells'."
        )
    grid = Staggered(on)
    sides = [(k, a, up) for k in range(2) for a in range(2) if a != k and not grid.periodic(a) for up in (False, True)]
    wall = {(k, a, up): grid.sampled(equation.wall_velocity, k, (a, up)) for k, a, up in sides}
    # A component has no tangential velocity at the walls that it passes: none is asked for.
    none = {(k, k, up): lambda t: jnp.zeros(()) for k in range(2) for up in (False, True)}
    force = tuple(grid.sampled(equation.force, k) for k in range(2))
    return Flow(equation, grid, force, wall | none, staggered)
