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

from .factorization import AbstractFactorization, complex_einsum, factorize


class SpectralConvolution(eqx.Module):
    """``(K v)(x) = sum over |k_j| < modes_j of R_k c_k(v) exp(2 pi i k (x - a) / L)``, R_k learned and complex.

    ``c_k(v)`` are the Fourier coefficients of v on the box, computed by the grid's quadrature, so that the layer is
    one operator on functions, whatever the grid. All axes are continued periodically. ``modes_j`` counts the
    wavenumbers 0, 1, ..., modes_j - 1 that are kept, with their negatives.

    ``padding`` lengthens the period of each axis to ``(1 + padding_j) L_j``, with v = 0 beyond the box, so that
    opposite walls are no neighbours. The integral over zeros costs nothing: no point is added to the grid.

    ``factorization`` ("tucker" or "cp") holds R as a low-rank tensor of ``rank`` times the parameters.

    The kept coefficients are few, so they are computed by small real matrix products, one an axis; on the grids
    of operator learning that beats an FFT of all of them, and it serves every layout.

    Complex numbers are held as pairs of real ones: the first wavenumber axis to be summed runs over -m+1..m-1, the
    last one over 0..m-1, since the output is real.

    Raises ``ValueError`` on modes below one, negative padding, or an unknown factorisation.
    """

    weight: Float[Array, "2 *modes i o"] | AbstractFactorization
    modes: tuple[int, ...] = eqx.field(static=True)
    padding: tuple[float, ...] = eqx.field(static=True)

    def __init__(
        self,
        modes: Sequence[int],
        in_channels: int,
        out_channels: int,
        *,
        padding: Sequence[float] | None = None,
        factorization: str | None = None,
        rank: float = 1.0,
        key: PRNGKeyArray,
    ):
        self.modes = tuple(modes)
        self.padding = (0.0,) * len(self.modes) if padding is None else tuple(padding)
        if any(m < 1 for m in self.modes):
            raise ArgumentError(
                f"`modes` counts the wavenumbers 0..modes-1 of an axis, at least one; got {self.modes}."
            )
        if len(self.padding) != len(self.modes) or any(p < 0 for p in self.padding):
            raise ArgumentError(
                f"`padding` is one share of the length an axis, not negative: {len(self.modes)} are needed, "
                f"got {self.padding}."
            )
        shape = (*(2 * m - 1 for m in self.modes[:-1]), self.modes[-1], in_channels, out_channels)
        scale = math.sqrt(2 / (in_channels + out_channels)) / math.sqrt(2)
        if factorization is None:
            self.weight = scale * jax.random.normal(key, (2, *shape))
        else:
            self.weight = factorize(factorization, shape, rank, scale, key=key)

    def __call__(self, v: Float[Array, "*n i"], grid: Grid, on: Grid | None = None) -> Float[Array, "*m o"]:
        """Apply to the values of one field on ``grid``; the output is evaluated on ``on``, or on ``grid``.

        Raises ``ValueError`` where an axis has too few points for the modes (n >= 2 modes - 1 is needed).
        """
        on = grid if on is None else on
        check_modes(self.modes, grid, self.padding)
        check_modes(self.modes, on, self.padding)
        return self._synthesise(self._multiply(self._analyse(v, grid)), on)

    def _analyse(self, v: Array, grid: Grid) -> Array:
        """Fourier coefficients of the kept modes, (2, *modes, i): real and imaginary parts."""
        z = v
        for axis in reversed(range(len(self.modes))):
            cos, sin = self._basis(grid, axis)
            weights = grid.axis_weights(axis).astype(v.dtype) / self._period(grid, axis)
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
        if isinstance(self.weight, AbstractFactorization):
            return self.weight(z)
        return complex_einsum("...i,...io->...o", z, self.weight)

    def _synthesise(self, z: Array, grid: Grid) -> Array:
        """Real values on the grid; modes k > 0 of the last axis stand for their conjugates too."""
        last = len(self.modes) - 1
        for axis in range(last + 1):
            cos, sin = (m.T.astype(z.dtype) for m in self._basis(grid, axis))
            if axis < last:
                z = jnp.tensordot(jnp.stack([_pair(cos, -sin), _pair(sin, cos)]), z, axes=((1, 3), (0, axis + 1)))
                z = jnp.moveaxis(z, 1, axis + 1)
            else:
                double = jnp.where(self._wavenumbers(axis) == 0, 1.0, 2.0).astype(z.dtype)
                z = jnp.tensordot(_pair(cos, -sin) * double, z, axes=((0, 2), (0, axis + 1)))
        return jnp.moveaxis(z, 0, last)

    def _basis(self, grid: Grid, axis: int) -> tuple[Array, Array]:
        """cos and sin of 2 pi k (x - a) / L, each (modes, points)."""
        x = grid.axis_coords(axis) - grid.domain.lower[axis]
        phase = 2 * jnp.pi * self._wavenumbers(axis)[:, None] * (x / self._period(grid, axis))
        return jnp.cos(phase), jnp.sin(phase)

    def _wavenumbers(self, axis: int) -> Array:
        m = self.modes[axis]
        return jnp.arange(0 if axis == len(self.modes) - 1 else 1 - m, m)

    def _period(self, grid: Grid, axis: int) -> float:
        return grid.domain.extents[axis] * (1 + self.padding[axis])


def check_modes(modes: Sequence[int], grid: Grid, padding: Sequence[float] | None = None) -> None:
    """Raise ``ValueError`` unless every axis of the grid resolves its modes, on periods ``1 + padding`` as long."""
    if len(modes) != len(grid.shape):
        raise ArgumentError(f"One number of modes an axis is needed: the grid has shape {grid.shape}, modes={modes}.")
    shares = (0.0,) * len(modes) if padding is None else padding
    for axis, m, n, share in zip(grid.domain.axes, modes, grid.shape, shares, strict=True):
        points = int(n * (1 + share))
        if 2 * m - 1 > points:
            raise ArgumentError(
                f"{n} points on axis {axis.name!r} resolve at most {(points + 1) // 2} modes, got modes={m}; "
                "lower `modes` or refine the grid."
            )


def _pair(a: Array, b: Array) -> Array:
    return jnp.stack([a, b])
