"""Layer normalisation of one field: statistics over all its channels and points, then an affine map."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Grid

EPSILON = 1e-5
"""Added to the variance, so that a constant field is not divided by zero."""


class FieldNorm(eqx.Module):
    """``(x - mean) / sqrt(var + eps) * weight + bias``, the same on every grid.

    Mean and variance are integrals over domain and channels, by the grid's quadrature weights; weight and bias are
    numbers, one a channel. It is the limit of `LayerNorm` under refinement with an affine map that is free of the
    grid (Berner et al., arXiv 2506.10973, section 3).
    """

    weight: Float[Array, " c"]
    bias: Float[Array, " c"]

    def __init__(self, channels: int):
        self.weight, self.bias = jnp.ones(channels), jnp.zeros(channels)

    def __call__(self, x: Float[Array, "*n c"], grid: Grid) -> Float[Array, "*n c"]:
        volume = grid.domain.volume
        mean = jnp.mean(grid.integrate(x)) / volume
        variance = jnp.mean(grid.integrate((x - mean) ** 2)) / volume
        return (x - mean) * lax.rsqrt(variance + EPSILON) * self.weight + self.bias


class LayerNorm(eqx.Module):
    """``(x - mean) / sqrt(var + eps) * weight + bias`` with plain means, and a weight and a bias for every point.

    Ba, Kiros & Hinton, arXiv 1607.06450. It belongs to the grid that it was made for. Raises ``ValueError`` on
    another one.
    """

    weight: Float[Array, "*n c"]
    bias: Float[Array, "*n c"]

    def __init__(self, channels: int, grid: Grid):
        self.weight, self.bias = jnp.ones((*grid.shape, channels)), jnp.zeros((*grid.shape, channels))

    def __call__(self, x: Float[Array, "*m c"], grid: Grid) -> Float[Array, "*m c"]:
        if x.shape != self.weight.shape:
            raise ArgumentError(
                f"LayerNorm has weights for the grid {self.weight.shape[:-1]} and was given values on {grid.shape}; "
                "use FieldNorm, which serves every grid, or resample to the training grid (AtResolution)."
            )
        mean = jnp.mean(x)
        return (x - mean) * lax.rsqrt(jnp.var(x) + EPSILON) * self.weight + self.bias
