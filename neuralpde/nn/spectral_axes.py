"""Spectral convolutions along one axis at a time (Tran et al., ICLR 2023, arXiv 2111.13802)."""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import Box, Grid

from .spectral import SpectralConvolution, check_modes


class AxisSpectralConvolutions(eqx.Module):
    """``K v = sum_j K_j v`` where K_j is a `SpectralConvolution` along axis j alone, the same on every line.

    ``2 i o sum_j modes_j`` parameters, where the convolution over all axes has a product of the modes.
    """

    convolutions: tuple[SpectralConvolution, ...]

    def __init__(
        self,
        modes: Sequence[int],
        in_channels: int,
        out_channels: int,
        *,
        padding: Sequence[float] | None = None,
        key: PRNGKeyArray,
    ):
        shares = (0.0,) * len(modes) if padding is None else padding
        keys = jax.random.split(key, len(modes))
        self.convolutions = tuple(
            SpectralConvolution((m,), in_channels, out_channels, padding=(p,), key=k)
            for m, p, k in zip(modes, shares, keys, strict=True)
        )

    def __call__(self, v: Float[Array, "*n i"], grid: Grid) -> Float[Array, "*n o"]:
        """Apply to the values of one field on ``grid``; ``ValueError`` where it does not resolve the modes."""
        check_modes([K.modes[0] for K in self.convolutions], grid, [K.padding[0] for K in self.convolutions])
        return sum(_along_axis(K, v, grid, axis) for axis, K in enumerate(self.convolutions))


def _along_axis(K: SpectralConvolution, v: Array, grid: Grid, axis: int) -> Array:
    line = Grid(Box((grid.domain.axes[axis],)), (grid.shape[axis],), (grid.layout[axis],))

    def apply(values):
        return K(values, line)

    for _ in range(len(grid.shape) - 1):
        apply = jax.vmap(apply)
    return jnp.moveaxis(apply(jnp.moveaxis(v, axis, -2)), -2, axis)
