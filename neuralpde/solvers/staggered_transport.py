"""Transport on staggered grids in conservative form: momentum by central fluxes, a scalar by limited ones.

Second order in space. The central fluxes of momentum keep the kinetic energy of a velocity without divergence (Harlow
& Welch 1965); those of a scalar keep its sum and, without diffusion, make no new extrema (van Leer, J. Comput. Phys.
23 (1977) 276).
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from .finite_volume import along
from .staggered import Cells, Faces, Staggered

Walls = tuple[tuple[tuple[Array, Array] | None, ...], ...]
"""Tangential velocity of the lower and upper wall: ``walls[component][axis]``, None on a periodic axis."""


def momentum_advection(grid: Staggered, velocity: tuple[Faces, ...], walls: Walls) -> tuple[Faces, ...]:
    """div(w w_k) for each component k, on all its faces; zero at walls that it passes."""
    return tuple(_advection(grid, velocity, k, walls[k]) for k in range(len(velocity)))


def _advection(grid, velocity, k, walls) -> Faces:
    inner = grid.inner(velocity[k], k)
    divergence = grid.slope_at_faces(grid.mean_in_cells(velocity[k], k) ** 2, k)
    for axis in range(len(velocity)):
        if axis != k:
            # The fluxes along another axis pass the edges of the cells, between two faces of this component.
            carried = grid.mean_in_cells(with_walls(inner, axis, walls[axis]), axis)
            divergence += grid.slope_in_cells(carried * grid.mean_at_faces(velocity[axis], k), axis)
    return grid.closed(divergence, k)


def momentum_laplacian(grid: Staggered, velocity: tuple[Faces, ...], walls: Walls) -> tuple[Faces, ...]:
    """Laplace(w_k) for each component k, on all its faces; zero at walls that it passes."""
    return tuple(_laplacian(grid, velocity[k], k, walls[k]) for k in range(len(velocity)))


def _laplacian(grid, faces, k, walls) -> Faces:
    inner = grid.inner(faces, k)
    total = grid.slope_at_faces(grid.slope_in_cells(faces, k), k)
    for axis in range(faces.ndim):
        if axis != k:
            slopes = grid.slope_in_cells(with_walls(inner, axis, walls[axis]), axis)
            total += grid.slope_in_cells(slopes, axis)
    return grid.closed(total, k)


def with_walls(inner: Array, axis: int, walls: tuple[Array, Array] | None) -> Array:
    """One value more at either end: wrapped, or such that the mean with the last one is that of the wall."""
    first, last = along(inner, axis, 0, 1), along(inner, axis, -1)
    if walls is None:
        return jnp.concatenate([last, inner, first], axis)
    return jnp.concatenate([2 * walls[0] - first, inner, 2 * walls[1] - last], axis)


def scalar_transport(
    grid: Staggered, s: Cells, velocity: tuple[Faces, ...], diffusivity: float | Float[Array, ""]
) -> Cells:
    """-div(w s - diffusivity grad s); nothing passes the walls."""
    rate = diffusivity * grid.laplacian(s)
    for axis, faces in enumerate(velocity):
        wide = _continued(grid, s, axis)
        steps = jnp.diff(wide, axis=axis)
        slope = _van_leer(along(steps, axis, 0, -1), along(steps, axis, 1))
        inside = along(wide, axis, 1, -1)
        below = along(inside + slope / 2, axis, 0, -1)
        above = along(inside - slope / 2, axis, 1)
        carried = jnp.where(faces > 0, below, above) * faces
        rate -= grid.slope_in_cells(carried, axis)
    return rate


def _continued(grid, s, axis) -> Array:
    """Two values more at either end: wrapped, or those of the last cell, whose slope at the wall is zero."""
    mode = "wrap" if grid.periodic(axis) else "edge"
    return jnp.pad(s, [(2, 2) if i == axis else (0, 0) for i in range(s.ndim)], mode=mode)


def _van_leer(before, after):
    """Harmonic mean of two differences of one sign, else zero."""
    product = before * after
    rising = product > 0
    return jnp.where(rising, 2 * product / jnp.where(rising, before + after, 1.0), 0.0)
