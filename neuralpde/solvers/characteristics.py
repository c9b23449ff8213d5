"""Advection along characteristics: exact but for the time of travel, a polynomial of high degree."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import VariableAdvection, coefficient_at
from neuralpde.errors import ArgumentError
from neuralpde.spaces import Axis, Field, FunctionSpace, Grid
from neuralpde.spaces.chebyshev import differentiation_matrix, interpolation_matrix
from neuralpde.spaces.grid import axis_coords

_NEWTON_STEPS = 4


@eqx.filter_jit
def solve_advection(equation: VariableAdvection, on: Grid, *, nodes: int = 64) -> Field:
    """The solution of s_t + a(x) s_x = 0 at the points of ``on``, a grid on an interval times a time that begins at 0.

    With the time of travel T(x), the integral of 1 / a from the lower end to x, a value stays on the line where
    T(x) - t is constant. It came from the initial state where T(x) >= t; elsewhere it came in at the lower end at the
    time t - T(x), or on a periodic axis is that of the period before. T and its inverse are found from a at ``nodes``
    Chebyshev points, with errors that fall exponentially for a smooth velocity; jumps of the initial state stay sharp.

    Not a number where the velocity is not positive. Traceable; batches by ``vmap``. Raises ``ValueError`` for a grid
    that does not fit.
    """
    x = _checked_axis(equation, on)
    place = axis_coords(x, nodes, "chebyshev")
    velocity = jax.vmap(lambda y: coefficient_at(equation.velocity, y))(place[:, None])
    travel = _travel_time(velocity, x)
    arrival = _polynomials(x, on.axis_coords(0), nodes) @ travel
    start = (arrival[:, None] - on.axis_coords(1)).reshape(-1)
    period = travel[-1]
    inside = start % period if x.periodic else jnp.clip(start, 0.0, period)
    origin = _inverse(x, place, velocity, travel, inside)
    s = jax.vmap(equation.initial)(origin[:, None])
    if not x.periodic:
        came_in = jax.vmap(lambda time: coefficient_at(equation.inflow, time))(-start[:, None])
        s = jnp.where(start[:, None] >= 0, s, came_in[:, None])
    s = jnp.where(jnp.min(velocity) > 0, s, jnp.nan)
    return Field(s.reshape(*on.shape, 1), on, FunctionSpace(on.domain, equation.names))


def _travel_time(velocity: Float[Array, " n"], x: Axis) -> Float[Array, " n"]:
    """The polynomial T with T' = 1 / a and T = 0 at the lower end."""
    derivative = differentiation_matrix(len(velocity)) * 2 / x.length
    return jnp.zeros_like(velocity).at[1:].set(jnp.linalg.solve(jnp.asarray(derivative[1:, 1:]), 1 / velocity[1:]))


def _inverse(
    x: Axis,
    place: Float[Array, " n"],
    velocity: Float[Array, " n"],
    travel: Float[Array, " n"],
    time: Float[Array, " m"],
) -> Float[Array, " m"]:
    """Where the time of travel has given values: linear interpolation, then Newton's method."""
    both = jnp.stack([travel, velocity], axis=1)

    def newton(_, y):
        reached, speed = (_polynomials(x, y, len(place)) @ both).T
        return jnp.clip(y - (reached - time) * speed, x.lower, x.upper)

    return jax.lax.fori_loop(0, _NEWTON_STEPS, newton, jnp.interp(time, travel, place))


def _polynomials(x: Axis, at: Float[Array, " m"], nodes: int) -> Float[Array, "m n"]:
    """Values at points of the axis from those at its Chebyshev points."""
    return interpolation_matrix(nodes, 2 * (at - x.lower) / x.length - 1)


def _checked_axis(equation: VariableAdvection, on: Grid) -> Axis:
    axes, initial = on.domain.axes, equation.initial.space.domain.bounds.axes
    if len(axes) != 2 or axes[0] != initial[0] or axes[1].lower != 0:
        raise ArgumentError(
            f"Characteristics need a grid on the interval of the initial state, {initial}, times a time that begins at 0, "
            f"got {axes}; use interval * Box.of(t=(0, T))."
        )
    return axes[0]
