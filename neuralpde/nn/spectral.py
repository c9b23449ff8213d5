"""Spectral convolution in 1-3 dimensions (Li et al., ICLR 2021, arXiv 2010.08895, equation 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Grid


class SpectralConvolution(eqx.Module):
    """``(K v)(x) = sum over |k_j| < modes_j of R_k c_k(v) exp(2 pi i k (x - a) / L)``, R_k learned and complex.

    ``c_k(v)`` are the Fourier coefficients of v on the box, computed by the grid's quadrature, so that the layer is
    one operator on functions, whatever the grid. All axes are continued periodically. ``modes_j`` counts the
    wavenumbers 0, 1, ..., modes_j - 1 that are kept, with their negatives.

    The kept coefficients are few, so they are computed by small real matrix products, one an axis; on the grids
    of operator learning that beats an FFT of all of them, and it serves every layout.

    Complex numbers are held as pairs of real ones: the first wavenumber axis to be summed runs over -m+1..m-1, the
    last one over 0..m-1, since the output is real.
    """

    weight: Float[Array, "2 *modes i o"]
    modes: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, modes: Sequence[int], in_channels: int, out_channels: int, *, key: PRNGKeyArray):
        self.modes = tuple(modes)
        kept = (*(2 * m - 1 for m in self.modes[:-1]), self.modes[-1])
        scale = math.sqrt(2 / (in_channels + out_channels)) / math.sqrt(2)
        self.weight = scale * jax.random.normal(key, (2, *kept, in_channels, out_channels))

    def __call__(self, v: Float[Array, "*n i"], grid: Grid) -> Float[Array, "*n o"]:
        """Apply to the values of one field on ``grid``.

        Raises ``ValueError`` where an axis has too few points for the modes (n >= 2 modes - 1 is needed).
        """
        check_modes(self.modes, grid)
        return self._synthesise(self._multiply(self._analyse(v, grid)), grid)

    def _analyse(self, v: Array, grid: Grid) -> Array:
        """Fourier coefficients of the kept modes, (2, *modes, i): real and imaginary parts."""
        z = v
        for axis in reversed(range(len(self.modes))):
            cos, sin = _basis(grid, axis, self._wavenumbers(axis))
            weights = grid.axis_weights(axis).astype(v.dtype) / grid.domain.extents[axis]
            cos, sin = cos.astype(v.dtype) * weights, sin.astype(v.dtype) * weights
            if z is v:
                z = jnp.tensordot(jnp.stack([cos, -sin]), z, axes=(2, axis))
            else:
                # (cos - i sin) (re + i im), the sum over points and over the two parts in one product
                z = jnp.tensordot(jnp.stack([_pair(cos, sin), _pair(-sin, cos)]), z, axes=((1, 3), (0, axis + 1)))
            z = jnp.moveaxis(z, 1, axis + 1)
        return z

    def _multiply(self, z: Array) -> Array:
        """Multiply each mode's channels by its complex matrix R_k."""
        a, b = self.weight
        matrix = jnp.stack([_pair(a, b), _pair(-b, a)])
        return jnp.einsum("s...i,sr...io->r...o", z, matrix)

    def _synthesise(self, z: Array, grid: Grid) -> Array:
        """Real values on the grid; modes k > 0 of the last axis stand for their conjugates too."""
        last = len(self.modes) - 1
        for axis in range(last + 1):
            cos, sin = (m.T.astype(z.dtype) for m in _basis(grid, axis, self._wavenumbers(axis)))
            if axis < last:
                z = jnp.tensordot(jnp.stack([_pair(cos, -sin), _pair(sin, cos)]), z, axes=((1, 3), (0, axis + 1)))
                z = jnp.moveaxis(z, 1, axis + 1)
            else:
                double = jnp.where(self._wavenumbers(axis) == 0, 1.0, 2.0).astype(z.dtype)
                z = jnp.tensordot(_pair(cos, -sin) * double, z, axes=((0, 2), (0, axis + 1)))
        return jnp.moveaxis(z, 0, last)

    def _wavenumbers(self, axis: int) -> Array:
        m = self.modes[axis]
        return jnp.arange(0 if axis == len(self.modes) - 1 else 1 - m, m)


def check_modes(modes: Sequence[int], grid: Grid) -> None:
    """Raise ``ValueError`` unless every axis of the grid resolves its modes."""
    if len(modes) != len(grid.shape):
        raise ArgumentError(f"One number of modes an axis is needed: the grid has shape {grid.shape}, modes={modes}.")
    for axis, m, n in zip(grid.domain.axes, modes, grid.shape, strict=True):
        if 2 * m - 1 > n:
            raise ArgumentError(
                f"{n} points on axis {axis.name!r} resolve at most {(n + 1) // 2} modes, got modes={m}; "
                "lower `modes` or refine the grid."
            )


def _basis(grid: Grid, axis: int, wavenumbers: Array) -> tuple[Array, Array]:
    """cos and sin of 2 pi k (x - a) / L, each (modes, points)."""
    length, lower = grid.domain.extents[axis], grid.domain.lower[axis]
    phase = 2 * jnp.pi * wavenumbers[:, None] * ((grid.axis_coords(axis) - lower) / length)
    return jnp.cos(phase), jnp.sin(phase)


def _pair(a: Array, b: Array) -> Array:
    return jnp.stack([a, b])
