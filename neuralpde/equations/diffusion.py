"""The Laplacian of a field on cells under the conditions of its space, for tendencies of diffusion equations.

Differences of fluxes through the faces of the cells, second order in space: what leaves one cell enters the next, so
that nothing is lost where no flux passes the walls. A wall lies half a cell from the centre next to it.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractBoundaryCondition, Dirichlet, Field, Grid, Neumann, Periodic, Robin
from neuralpde.spaces.boundary import datum_at


def laplacian(u: Field) -> Float[Array, "*cell c"]:
    """Laplace(u), channel by channel.

    The grid has layout ``cells`` or ``periodic``; every side of the space is Dirichlet, Neumann, Robin or Periodic,
    with data that are numbers or functions. Raises ``ValueError`` for another grid or condition.
    """
    if not isinstance(u.on, Grid) or any(layout not in ("cells", "periodic") for layout in u.on.layout):
        raise ArgumentError(f"Diffusion between walls is computed on cells, got {u.on}; use layout='cells'.")
    total = jnp.zeros_like(u.values)
    for axis, h in enumerate(u.on.spacing):
        first, last = (jnp.take(u.values, jnp.array([i]), axis) for i in (0, -1))
        if isinstance(u.space.boundary[axis][0], Periodic):
            below, above = last, first
        else:
            below, above = _beyond(u, first, axis, upper=False), _beyond(u, last, axis, upper=True)
        wide = jnp.concatenate([below, u.values, above], axis)
        total += jnp.diff(wide, 2, axis) / h**2
    return total


def _beyond(u: Field, nearest: Array, axis: int, upper: bool) -> Array:
    """The value past a wall whose mean and difference with the nearest one meet alpha u + beta du/dn = g there."""
    side, h = u.space.boundary[axis][upper], u.on.spacing[axis]
    alpha, beta = _mixed(side, u.on.domain.names[axis])
    g = _data(side, u, axis, upper).astype(nearest.dtype)
    return (g - (alpha / 2 - beta / h) * nearest) / (alpha / 2 + beta / h)


def _mixed(side: AbstractBoundaryCondition, name: str) -> tuple[float, float]:
    if isinstance(side, Dirichlet):
        return 1.0, 0.0
    if isinstance(side, Neumann):
        return 0.0, 1.0
    if isinstance(side, Robin):
        return side.a, side.b
    raise ArgumentError(
        f"Diffusion needs Dirichlet, Neumann, Robin or Periodic on every side, got {side} on axis {name!r}; sample the "
        "state on a space with such conditions."
    )


def _data(side, u: Field, axis: int, upper: bool) -> Array:
    if not callable(side.g):
        return jnp.asarray(side.g, float)
    wall = (u.on.domain.upper if upper else u.on.domain.lower)[axis]
    lines = [jnp.full(1, wall) if i == axis else u.on.axis_coords(i) for i in range(u.space.dim)]
    points = jnp.stack(jnp.meshgrid(*lines, indexing="ij"), axis=-1)
    value = lambda x: datum_at(side.g, x)
    for _ in lines:
        value = jax.vmap(value)
    return value(points)
