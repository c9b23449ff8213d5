"""Sums over the eigenfunctions of the Laplacian on a box: what Gaussian fields and noise in space are made of."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from .discretization import AbstractDiscretization
from .grid import Grid
from .series import Series


def eigenvalues(series: Sequence[Series]) -> tuple[Float[Array, "*modes"], Float[Array, "*modes"]]:
    """Eigenvalues kappa^2 of -Laplace, and the squared L2 norms of the eigenfunctions, products of those of the axes."""
    kappa2, norm2 = jnp.zeros(()), jnp.ones(())
    for s in series:
        kappa2, norm2 = kappa2[..., None] + s.kappa**2, norm2[..., None] * s.norm2
    return kappa2, norm2


def synthesise(
    coefficients: Float[Array, "*modes"], on: AbstractDiscretization, series: Sequence[Series]
) -> Float[Array, "*shape"]:
    """The sum of eigenfunctions with these coefficients, at the points of a grid or of a cloud."""
    values = coefficients
    if isinstance(on, Grid):
        for axis, s in enumerate(series):
            values = jnp.moveaxis(jnp.tensordot(s.basis(on.axis_coords(axis)), values, axes=(1, axis)), 0, axis)
        return values
    x = on.coords()
    values = jnp.tensordot(series[0].basis(x[:, 0]), values, axes=1)
    for axis in range(1, len(series)):
        values = jnp.einsum("nk,nk...->n...", series[axis].basis(x[:, axis]), values)
    return values
