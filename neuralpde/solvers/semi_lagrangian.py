"""Buoyant smoke and incompressible flow by semi-Lagrangian steps of a given length, as PDEArena made its data."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation, BuoyantSmoke
from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field, Grid, Trajectory

from .finite_volume import along
from .solver import AbstractSolver
from .staggered import Cells, Staggered
from .staggered_flow import Flow, FlowState, Time, solve_flow
from .staggered_transport import momentum_laplacian, with_walls
from .time_steps import march


class SemiLagrangian(AbstractSolver):
    """Solver of `NavierStokes` and `BuoyantSmoke` with long steps: first order in time, not conservative.

    A step follows the velocity straight back for its length and takes smoke and velocity from there by linear
    interpolation (Stam, SIGGRAPH 1999), adds the force and the buoyancy of the smoke that arrived, diffuses by an
    explicit step, and projects. It is stable for any Courant number, but ``2 viscosity step sum_i h_i^-2`` may not
    exceed 1 (``ValueError``), nor that of the smoke's diffusivity. The result carries the numerical diffusion of
    interpolation, h^2 / (8 step) at most: a property of the published data, which `ProjectionMethod` does not share.

    ``step`` is the longest step: intervals between times are divided evenly. The default and the defaults of
    `BuoyantSmoke` on 128 x 128 cells of a 32 x 32 box are the settings of Gupta & Brandstetter, "Towards
    multi-spatiotemporal-scale generalized PDE modeling", TMLR 2023, whose states are those at times 13.5 + 6 k from
    rest (their files say 18 to 102). Here walls hold their velocity exactly, half a cell from the centres next to
    them.

    ``staggered`` is that of `ProjectionMethod`, as is all that is said there of fields.
    """

    step: float = eqx.field(static=True, default=1.5)
    staggered: bool = eqx.field(static=True, default=False)
    max_steps: int = eqx.field(static=True, default=100_000)

    def solve(self, equation: AbstractEquation, initial: Field, times: Sequence[float]) -> Trajectory:
        """The states at ``times``; ``ValueError`` for another equation, grid, set of components or too long a step."""
        self._check(equation, initial)
        return solve_flow(equation, initial, times, self.staggered, self._advance)

    def refined(self) -> SemiLagrangian:
        """Half the step."""
        return dataclasses.replace(self, step=self.step / 2)

    def _advance(self, flow: Flow, state: FlowState, start: Time, end: Time) -> FlowState:
        step = jnp.asarray(self.step, start.dtype)
        return march(lambda s, t, dt: _step(flow, s, t, dt), lambda s, t: step, state, start, end, self.max_steps)

    def _check(self, equation: AbstractEquation, initial: Field) -> None:
        diffusivities = (getattr(equation, name, None) for name in ("viscosity", "diffusivity"))
        largest = max((value for value in diffusivities if isinstance(value, float | int)), default=0.0)
        if not isinstance(initial.on, Grid):
            return
        number = 2 * largest * self.step * sum(h**-2 for h in initial.on.spacing)
        if number > 1:
            raise ArgumentError(
                f"SemiLagrangian diffuses by explicit steps, of which {self.step} is too long for a diffusivity of "
                f"{largest} on cells of {initial.on.spacing}; use a step of at most {self.step / number:.3g}."
            )


def _step(flow: Flow, state: FlowState, t: Time, dt: Time) -> FlowState:
    grid, equation, walls = flow.grid, flow.equation, flow.walls(t)
    everywhere = tuple(_component_everywhere(flow, state, k, walls) for k in range(len(state.velocity)))
    smoke = state.smoke
    if isinstance(equation, BuoyantSmoke):
        origin = _origin(grid, everywhere, None, dt)
        smoke = _interpolated(grid, _wide_smoke(grid, smoke), None, origin)
        smoke += dt * equation.diffusivity * grid.laplacian(smoke)
    velocity = []
    for k, force in enumerate(flow.driving(t, smoke)):
        origin = _origin(grid, everywhere, k, dt)
        velocity.append(grid.closed(_interpolated(grid, everywhere[k], k, origin) + dt * force, k))
    diffused = momentum_laplacian(grid, tuple(velocity), flow.walls(t + dt))
    velocity = tuple(w + dt * equation.viscosity * change for w, change in zip(velocity, diffused, strict=True))
    return flow.projected(FlowState(velocity, smoke))


def _component_everywhere(flow: Flow, state: FlowState, k: int, walls) -> Array:
    """A component on all its faces, with one value more past the ends of the other axes."""
    grid, values = flow.grid, state.velocity[k]
    for axis in range(len(state.velocity)):
        if axis != k:
            values = _with_corners(grid, values, k, axis, walls[k][axis])
    return values


def _with_corners(grid: Staggered, values, k: int, axis: int, wall):
    """`with_walls` for all faces: those on the walls that the component passes stay at rest."""
    if wall is None:
        return with_walls(values, axis, None)
    sides = tuple(jnp.broadcast_to(side, grid.inner(along(values, axis, 0, 1), k).shape) for side in wall)
    return with_walls(values, axis, tuple(grid.closed(side, k) for side in sides))


def _wide_smoke(grid: Staggered, smoke: Cells) -> Array:
    """One value more past each end: wrapped, or that of the last cell."""
    for axis in range(smoke.ndim):
        mode = "wrap" if grid.periodic(axis) else "edge"
        smoke = jnp.pad(smoke, [(1, 1) if i == axis else (0, 0) for i in range(smoke.ndim)], mode=mode)
    return smoke


def _origin(grid: Staggered, everywhere: tuple[Array, ...], component: int | None, dt: Time) -> Float[Array, "*n d"]:
    """Where what arrives at the points of a component (None: at the centres) was one step ago."""
    points = grid.points(component)
    speeds = [_interpolated(grid, values, k, points) for k, values in enumerate(everywhere)]
    return points.astype(dt.dtype) - dt * jnp.stack(speeds, axis=-1)


def _interpolated(grid: Staggered, values: Array, component: int | None, x: Float[Array, "*n d"]) -> Array:
    """Linear interpolation of an array with its values past the ends; points outside are moved to the wall."""
    index = []
    for axis, (h, box_axis) in enumerate(zip(grid.spacing, grid.on.domain.axes, strict=True)):
        # Distance from the first face, which on a periodic axis need not be at the end of the axis.
        first = grid.on.axis_coords(axis)[0] - h / 2
        distance = x[..., axis] - first
        distance = distance % box_axis.length if box_axis.periodic else jnp.clip(distance, 0, box_axis.length)
        index.append(distance / h + (0.0 if axis == component else 0.5))
    return map_coordinates(values, index, order=1, mode="nearest")
