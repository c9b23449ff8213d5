"""Spectral convolution in 1-3 dimensions (Li et al., ICLR 2021, arXiv 2010.08895, equation 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Grid

from .factorization import AbstractFactorization, complex_einsum, factorize
from .matrix_along import matrix_along


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
        for axis in range(len(self.modes)):
            weights = grid.axis_weights(axis) / self._period(grid, axis)
            v = matrix_along((self._waves(grid, axis) * weights).astype(v.dtype), v, axis)
        return _coefficients(v, self.modes)

    def _multiply(self, z: Array) -> Array:
        """Multiply each mode's channels by its complex matrix R_k."""
        if isinstance(self.weight, AbstractFactorization):
            return self.weight(z)
        return complex_einsum("...i,...io->...o", z, self.weight)

    def _synthesise(self, z: Array, grid: Grid) -> Array:
        """Real values on the grid; modes k > 0 of the last axis stand for their conjugates too."""
        v = _amplitudes(z, self.modes)
        for axis in reversed(range(len(self.modes))):
            v = matrix_along(self._waves(grid, axis).T.astype(z.dtype), v, axis)
        return v

    def _waves(self, grid: Grid, axis: int) -> Float[Array, "waves n"]:
        """cos of 2 pi k (x - a) / L for k = 0..modes-1, then sin of the same."""
        x = grid.axis_coords(axis) - grid.domain.lower[axis]
        phase = 2 * jnp.pi * jnp.arange(self.modes[axis])[:, None] * (x / self._period(grid, axis))
        return jnp.concatenate([jnp.cos(phase), jnp.sin(phase)])

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


def _coefficients(v: Float[Array, "*waves c"], modes: tuple[int, ...]) -> Float[Array, "2 *modes c"]:
    """Complex coefficients of ``exp(-i k x)`` from the products with cosines and sines: ``exp(-i k x) = cos - i sin``."""
    last = len(modes) - 1
    cos, sin = jnp.split(v, 2, last)
    re, im = cos, -sin
    for axis in reversed(range(last)):
        (re_cos, re_sin), (im_cos, im_sin) = (jnp.split(part, 2, axis) for part in (re, im))
        re = _both_signs(re_cos - im_sin, re_cos + im_sin, axis)
        im = _both_signs(im_cos + re_sin, im_cos - re_sin, axis)
    return jnp.stack([re, im])


def _amplitudes(z: Float[Array, "2 *modes c"], modes: tuple[int, ...]) -> Float[Array, "*waves c"]:
    """Amplitudes of cosines and sines of the real part of ``sum_k z_k exp(i k x)``, k > 0 of the last axis twice."""
    last = len(modes) - 1
    re, im = z
    for axis in range(last):
        (re_minus, re_plus), (im_minus, im_plus) = (_by_sign(part, axis) for part in (re, im))
        re, im = (
            jnp.concatenate([re_plus + re_minus, im_minus - im_plus], axis),
            jnp.concatenate([im_plus + im_minus, re_plus - re_minus], axis),
        )
    twice = jnp.where(jnp.arange(modes[last]) == 0, 1.0, 2.0).astype(re.dtype)[:, None]
    return jnp.concatenate([twice * re, -twice * im], last)


def _both_signs(minus: Array, plus: Array, axis: int) -> Array:
    """Along the axis: wavenumbers -m+1..-1 from ``minus``, 0..m-1 from ``plus``; both count from 0."""
    negative = lax.rev(lax.slice_in_dim(minus, 1, None, axis=axis), (axis,))
    return jnp.concatenate([negative, plus], axis)


def _by_sign(z: Array, axis: int) -> tuple[Array, Array]:
    """The negative wavenumbers of an axis counted from 0, which is left out as zero, and those from 0 on."""
    m = (z.shape[axis] + 1) // 2
    negative = lax.rev(lax.slice_in_dim(z, 0, m - 1, axis=axis), (axis,))
    widths = [(1, 0) if a == axis else (0, 0) for a in range(z.ndim)]
    return jnp.pad(negative, widths), lax.slice_in_dim(z, m - 1, None, axis=axis)
