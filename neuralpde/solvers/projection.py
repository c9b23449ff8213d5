"""Projection of a staggered velocity on those free of divergence (Chorin, Math. Comp. 22 (1968) 745).

The pressure solves the five-point Poisson equation, which cosine transforms (between walls) and Fourier transforms
(on periodic axes) make diagonal: the divergence that is left is that of round-off.
"""

from __future__ import annotations

import jax.numpy as jnp
import jax.scipy.fft as fft
from jaxtyping import Array, Float

from .staggered import Cells, Faces, Staggered


def poisson(grid: Staggered, b: Cells) -> Cells:
    """p of mean zero with  div grad p = b - mean(b)  and no slope at walls."""
    axes = range(b.ndim)
    rings = tuple(axis for axis in axes if grid.periodic(axis))
    walls = tuple(axis for axis in axes if not grid.periodic(axis))
    transformed = fft.dctn(b, axes=walls, norm="ortho") if walls else b
    if rings:
        transformed = jnp.fft.rfftn(transformed, axes=rings)
    eigenvalues = jnp.zeros((), b.dtype)
    for axis in axes:
        eigenvalues = eigenvalues[..., None] + _eigenvalues(grid, axis, transformed.shape[axis], b.dtype)
    constant = eigenvalues == 0
    transformed = jnp.where(constant, 0.0, transformed / jnp.where(constant, 1.0, eigenvalues))
    if rings:
        transformed = jnp.fft.irfftn(transformed, s=[b.shape[axis] for axis in rings], axes=rings)
    return fft.idctn(transformed, axes=walls, norm="ortho") if walls else transformed


def _eigenvalues(grid: Staggered, axis: int, modes: int, dtype) -> Float[Array, " modes"]:
    """Of the second difference: -(2 / h)^2 sin^2(kappa h / 2) at angular wavenumber kappa."""
    turn = jnp.pi / grid.on.shape[axis] * (1.0 if grid.periodic(axis) else 0.5)
    return -((2 / grid.spacing[axis] * jnp.sin(turn * jnp.arange(modes, dtype=dtype))) ** 2)


def project(grid: Staggered, velocity: tuple[Faces, ...]) -> tuple[Faces, ...]:
    """The velocity without divergence that is nearest in L2; the walls keep what passes them."""
    p = poisson(grid, grid.divergence(velocity))
    return tuple(faces - grid.closed(grid.slope_at_faces(p, axis), axis) for axis, faces in enumerate(velocity))
