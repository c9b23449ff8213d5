"""Cells beyond the sides of a box, filled from the boundary conditions."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractBoundaryCondition, Dirichlet, Free, FunctionSpace, Neumann, Periodic, Wall

from .finite_volume import along


def with_ghosts(u: Float[Array, "*cell c"], space: FunctionSpace, width: int) -> Float[Array, "*larger c"]:
    """``u`` with ``width`` more cells past both sides of every axis, corners included.

    `Periodic` wraps around, `Free` repeats the last cell (outflow), `Neumann` of zero mirrors, `Wall` mirrors with
    its vector turned round, `Dirichlet` holds the value (a given state outside).
    """
    for axis, (lower, upper) in enumerate(space.boundary):
        if isinstance(lower, Periodic):
            before, after = along(u, axis, -width), along(u, axis, 0, width)
        else:
            before = jnp.flip(_beyond(lower, u, axis, width), axis)
            after = _beyond(upper, jnp.flip(u, axis), axis, width)
        u = jnp.concatenate([before, u, after], axis)
    return u


def check_boundary(space: FunctionSpace, shape: tuple[int, ...], width: int) -> None:
    """Raises ``ValueError`` for a condition that has no ghost cells, or a grid smaller than their number."""
    for name, n, sides in zip(space.domain.names, shape, space.boundary, strict=True):
        if n < width:
            raise ArgumentError(f"The finite volume solver needs {width} cells or more on axis {name!r}, got {n}.")
        for side in sides:
            if not _is_usable(side):
                raise ArgumentError(
                    f"The finite volume solver cannot use {side} on axis {name!r}: it knows Periodic, Free (outflow), "
                    "Wall, Neumann(0) and Dirichlet with numbers; give the initial field's space such conditions."
                )


def _is_usable(side: AbstractBoundaryCondition) -> bool:
    if isinstance(side, Dirichlet):
        return not callable(side.g)
    return isinstance(side, Periodic | Free | Wall) or (isinstance(side, Neumann) and side.g == 0.0)


def _beyond(side: AbstractBoundaryCondition, u, axis: int, width: int):
    """Ghost cells past the side at index 0, the nearest first."""
    if isinstance(side, Free):
        return jnp.repeat(along(u, axis, 0, 1), width, axis)
    mirrored = along(u, axis, 0, width)
    if isinstance(side, Dirichlet):
        return jnp.broadcast_to(jnp.asarray(side.g, u.dtype), mirrored.shape)
    if isinstance(side, Wall):
        sign = np.ones(u.shape[-1])
        sign[[side.vector[axis]] if side.slip else list(side.vector)] = -1
        return mirrored * jnp.asarray(sign, u.dtype)
    return mirrored
