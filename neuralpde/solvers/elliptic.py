"""Solver of -div(a grad u) = f on boxes: finite volumes, multigrid, conjugate gradients."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neuralpde.equations import Coefficient, Darcy, Poisson
from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, Field, FunctionSpace, Grid

from .conjugate_gradient import conjugate_gradient
from .finite_volume import finite_volumes, is_singular
from .multigrid import VCycle


class EllipticSolution(eqx.Module):
    """A solution and how well the discrete equations are met.

    iterations: of conjugate gradients. residual: |b - A u| / |b|, computed afresh from the solution.
    """

    field: Field
    iterations: Int[Array, ""]
    residual: Float[Array, ""]


@eqx.filter_jit
def solve_elliptic(
    equation: Darcy | Poisson,
    space: FunctionSpace,
    on: Grid,
    *,
    tolerance: float | None = None,
    max_iterations: int = 100,
) -> EllipticSolution:
    """Solve -div(a grad u) = f for one coefficient and one source; second order in the size of the cells.

    ``space`` has one component and says by its boundary conditions (Dirichlet, Neumann, Robin, periodic, with
    data) which solution is meant; ``on`` is a uniform grid whose points are centres of cells: layout
    ``cells``, or ``periodic`` on periodic axes. Coefficient and source are taken at the points of ``on``.
    Where the conditions fix u up to a constant only, f is freed of its part that no solution has (its mean
    over the cells, wall fluxes included) and the mean of u is zero.

    ``tolerance`` is the relative residual at which the iteration ends, by default 1e-10 in float64 and 1e-6
    in float32. Compiled once for each ``space``, ``on`` and options; batches by ``vmap``. A derivative with
    respect to coefficient or source, forward or backward, costs one further solve.

    Raises ``ValueError`` for a grid, a space or a condition that the method cannot use.
    """
    _check(space, on)
    a, f = sampled(equation.coefficient, on), sampled(equation.source, on)
    a, f = (jnp.broadcast_to(part.astype(jnp.result_type(a, f)), on.shape) for part in (a, f))
    operator, b = finite_volumes(a, f, space, on)
    singular = is_singular(space)
    if singular:
        b = b - jnp.mean(b)
    # The cycle only speeds the solution up: derivatives go through the operator alone.
    cycle = jax.lax.stop_gradient(VCycle(operator, on.spacing, singular))
    if tolerance is None:
        tolerance = 1e-10 if b.dtype == jnp.float64 else 1e-6

    def solve(matvec, rhs):
        return conjugate_gradient(matvec, rhs, cycle, tolerance, max_iterations)

    u, iterations = jax.lax.custom_linear_solve(operator, b, solve, symmetric=True, has_aux=True)
    if singular:
        u = u - jnp.mean(u)
    size = jnp.linalg.norm(b)
    residual = jnp.linalg.norm(b - operator(u)) / jnp.where(size > 0, size, 1.0)
    return EllipticSolution(Field(u[..., None], on, space), iterations, residual)


def _check(space: FunctionSpace, on: Grid) -> None:
    if space.channels != 1:
        raise ArgumentError(
            f"The elliptic solver finds one component, the space has {space.channels}: {space.names}; "
            "solve for each component with its own space."
        )
    if on.domain != space.domain:
        raise ArgumentError(
            f"The elliptic solver got a grid on {on.domain} and a space on {space.domain}; use one domain."
        )
    if any(layout not in ("cells", "periodic") for layout in on.layout):
        raise ArgumentError(
            f"The elliptic solver works on cells, the grid has layout {on.layout}; "
            "use Grid(..., layout='cells') and resample the solution."
        )


def sampled(part: Coefficient, on: Grid) -> Float[Array, "*shape"]:
    """Values at the points of ``on``; a number stays one, and takes the precision of what it meets."""
    if not isinstance(part, AbstractFunction):
        return 1.0 * jnp.asarray(part)
    field = part if isinstance(part, Field) and part.on == on else part.sample(on)
    return field.values[..., 0]
