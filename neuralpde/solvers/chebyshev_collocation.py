"""Collocation at Chebyshev points for equations in one dimension: errors fall exponentially for smooth solutions.

The solution is the polynomial through its values at the points; an equation's `residual` is asked at the inner ones
(Boyd, "Chebyshev and Fourier Spectral Methods", 2001, chapter 3). The points crowd at the walls, where thin layers are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation, PointFunction
from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDiscretization, Dirichlet, Field, Free, FunctionSpace, Grid, Trajectory
from neuralpde.spaces.chebyshev import interpolation_matrix

from .diffrax_ode import integrate
from .solver import AbstractSolver
from .times import checked_times


def solve_two_point(
    equation: AbstractEquation, guess: Field, *, tolerance: float = 1e-10, max_iterations: int = 30
) -> Field:
    """A solution of a stationary equation in one dimension, by Newton's method from ``guess``.

    ``guess`` lives on a grid of layout ``chebyshev`` in a space with a condition on both sides (Dirichlet, Neumann,
    Robin); the equation has as many residuals as components. Linear equations take one step and one to check. Ends
    when a step is at most ``tolerance`` times the largest value; not a number where ``max_iterations`` do not suffice.
    Traceable; batches by ``vmap``. Raises ``ValueError`` for another grid or a side without a condition.
    """
    _check(guess)
    if any(isinstance(side, Free) for side in guess.space.boundary[0]):
        raise ArgumentError(f"A two-point problem needs a condition on both sides, got {guess.space.boundary[0]}.")

    def misses(flat):
        u = guess.with_values(flat.reshape(guess.values.shape))
        inner = jax.vmap(lambda x: equation.residual(_polynomial(u), x))(guess.on.coords()[1:-1])
        return jnp.concatenate([_at_wall(u, 0), *inner, _at_wall(u, 1)])

    def running(carry):
        _, step, count = carry
        return (step > tolerance) & (count < max_iterations)

    def newton(carry):
        values, _, count = carry
        change = jnp.linalg.solve(jax.jacfwd(misses)(values), misses(values))
        values = values - change
        # The smallest normal number keeps the ratio defined where the solution is zero.
        size = jnp.maximum(jnp.max(jnp.abs(values)), jnp.finfo(values.dtype).tiny)
        return values, jnp.max(jnp.abs(change)) / size, count + 1

    start = guess.values.reshape(-1)
    values, step, _ = jax.lax.while_loop(running, newton, (start, jnp.array(jnp.inf, start.dtype), jnp.array(0)))
    return guess.with_values(jnp.where(step <= tolerance, values, jnp.nan).reshape(guess.values.shape))


def _at_wall(u: Field, upper: int) -> Float[Array, " c"]:
    """By how much a field misses the condition at one end."""
    box = u.on.domain.bounds
    x = jnp.array([box.upper[0] if upper else box.lower[0]], u.values.dtype)
    normal = jnp.array([1.0 if upper else -1.0], u.values.dtype)
    return u.space.boundary[0][upper].residual(_polynomial(u), x, normal)


def _polynomial(u: Field) -> PointFunction:
    """The polynomial through the values; unlike the field itself it can be differentiated at the ends."""
    axis = u.on.domain.bounds.axes[0]

    def at(x):
        return (interpolation_matrix(len(u.values), 2 * (x - axis.lower) / axis.length - 1) @ u.values)[0]

    return at


class ChebyshevCollocation(AbstractSolver):
    """Evolution equations in one dimension between walls where the solution is given, to a tolerance in time.

    For equations ``u_t = F(x, t, u, u_x, u_xx, ...)`` whose `residual` is ``u_t - F``: the inner values change at the
    rate F, those at the two ends are the data of the space's Dirichlet conditions. ``solver`` is one of diffrax;
    diffusion on Chebyshev points is stiff, hence an implicit one. Fields live on a grid of layout ``chebyshev`` and
    are not a number where the solver has failed.
    """

    solver: diffrax.AbstractSolver = diffrax.Kvaerno5()
    rtol: float = eqx.field(static=True, default=1e-8)
    atol: float = eqx.field(static=True, default=1e-10)
    max_steps: int = eqx.field(static=True, default=10_000)

    def solve(self, equation: AbstractEquation, initial: Field, times: Sequence[float]) -> Trajectory:
        """The states at ``times``; ``ValueError`` for another grid or other conditions than Dirichlet."""
        _check(initial)
        on, space = initial.on, initial.space
        if not all(isinstance(side, Dirichlet) for side in space.boundary[0]):
            raise ArgumentError(
                f"Chebyshev collocation in time needs Dirichlet on both sides, got {space.boundary[0]}."
            )
        ends = [_given(space, on, initial.values.dtype, upper) for upper in (0, 1)]
        field = lambda inner: initial.with_values(jnp.concatenate([ends[0], inner, ends[1]]))

        def rate(t, inner, args):
            u = _polynomial(field(inner))
            # A function of (x, t) that does not change in time: its residual is -F.
            at = lambda x: equation.residual(lambda y: u(y[:1]), jnp.append(x, t))
            return -jax.vmap(at)(on.coords()[1:-1].astype(inner.dtype))

        wanted = jnp.asarray(checked_times(times), initial.values.dtype)
        inner = initial.values[1:-1]
        states = integrate(rate, inner, times, self.solver, self.rtol, self.atol, self.max_steps)
        values = jax.vmap(lambda v: field(v).values)(states)
        return Trajectory(wanted, Field.stack(values, on, space))

    def refined(self) -> ChebyshevCollocation:
        """Tolerances smaller by 2 to the power of the solver's order."""
        factor = 2.0 ** (self.solver.order(diffrax.ODETerm(lambda t, y, args: y)) or 1)
        return dataclasses.replace(self, rtol=self.rtol / factor, atol=self.atol / factor)


def _given(space: FunctionSpace, on: AbstractDiscretization, dtype, upper: int) -> Float[Array, "1 c"]:
    """The data of a Dirichlet condition: what a field of zeros misses, with the sign turned."""
    nothing = Field(jnp.zeros((*on.shape, space.channels), dtype), on, space)
    return -_at_wall(nothing, upper)[None]


def _check(u: Field) -> None:
    if not isinstance(u.on, Grid) or u.on.layout != ("chebyshev",):
        raise ArgumentError(f"Chebyshev collocation needs a grid of one axis with layout='chebyshev', got {u.on}.")
