"""The discrete Fourier transform of real fields on periodic grids: what pseudo-spectral methods compute with."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

from neuralpde.errors import ArgumentError

from .field import Field
from .function import AbstractFunction
from .grid import Grid
from .space import FunctionSpace

Spectrum = Complex[Array, "..."]
Multiplier = Inexact[Array, "..."]


class Fourier(eqx.Module):
    """Real functions on a periodic grid of shape (n_1, ..., n_d) and their spectra, (n_1, ..., n_d // 2 + 1).

    Inside, the grid axes come LAST and components before them: a transform then needs no copy, and a multiplier of
    the spectrum's shape broadcasts over components. `analyse` and `synthesise` are the doors to fields.

    ``dealias`` is the fraction of the wavenumbers of each axis that `forward` and `inverse` let pass: with 2/3 a
    product of two functions has no aliasing error (Orszag, J. Atmos. Sci. 28 (1971) 1074), with 1/2 one of three;
    with 1 all pass. Multipliers have the precision of ``dtype``, the real type of the values.
    """

    grid: Grid = eqx.field(static=True)
    dtype: np.dtype = eqx.field(static=True)
    dealias: float = eqx.field(static=True)

    def __init__(self, grid: Grid, dtype: object = float, dealias: float = 1.0):
        walls = [axis.name for axis in grid.domain.axes if not axis.periodic]
        if walls:
            raise ArgumentError(
                f"A Fourier transform needs periodic axes, {walls} of the grid are not; make them periodic, as in "
                "Box.cube(2, periodic=True), or choose a method for walls."
            )
        if not 0 < dealias <= 1:
            raise ArgumentError(f"Fourier: dealias is the fraction of wavenumbers kept, in (0, 1], got {dealias}.")
        dtype = np.dtype(dtype)
        if not np.issubdtype(dtype, np.floating):
            raise ArgumentError(f"Fourier transforms real values, got {dtype}; give complex fields as two components.")
        self.grid, self.dtype, self.dealias = grid, jnp.zeros((), dtype).dtype, dealias

    @property
    def dim(self) -> int:
        """Number of axes."""
        return len(self.grid.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a spectrum."""
        return (*self.grid.shape[:-1], self.grid.shape[-1] // 2 + 1)

    def forward(self, values: Float[Array, ...]) -> Spectrum:
        """Spectrum of real values, (..., *grid) to (..., *modes), of the modes that pass."""
        return self.filter(jnp.fft.rfftn(values, axes=self._axes))

    def inverse(self, spectrum: Spectrum) -> Float[Array, ...]:
        """Real values of the modes that pass, (..., *modes) to (..., *grid)."""
        return jnp.fft.irfftn(self.filter(spectrum), self.grid.shape, axes=self._axes)

    def analyse(self, u: Field) -> Spectrum:
        """Whole spectrum of a field, (channel, *modes)."""
        return jnp.fft.rfftn(jnp.moveaxis(u.values.astype(self.dtype), -1, 0), axes=self._axes)

    def synthesise(self, spectrum: Spectrum, space: FunctionSpace) -> Field:
        """The field of a whole spectrum (channel, *modes)."""
        values = jnp.fft.irfftn(spectrum, self.grid.shape, axes=self._axes)
        return Field(jnp.moveaxis(values, 0, -1), self.grid, space)

    def project(self, function: AbstractFunction, refinement: int = 4) -> Field:
        """The Fourier series of a function cut off at this grid, with coefficients from a grid ``refinement`` finer.

        Sampling folds the modes that the grid cannot hold onto those that it can; where a function is rough, as one
        whose slope jumps, that is the larger error, and it stays when diffusion has long smoothed the function.
        """
        sampled = function.sample(self.grid.with_shape(*(refinement * n for n in self.grid.shape)))
        fine = Fourier(sampled.on, self.dtype)
        spectrum = fine.analyse(sampled) / refinement**self.dim
        for axis, n in enumerate(self.grid.shape):
            m = self._index(axis)
            spectrum = jnp.take(spectrum, m % fine.grid.shape[axis], axis=axis + 1)
            # The mode n/2 of an even grid has no sine.
            spectrum = jnp.where(self._along(2 * jnp.abs(m) < n, axis), spectrum, 0)
        return self.synthesise(spectrum, sampled.space)

    def wavenumber(self, axis: int) -> Multiplier:
        """Angular wavenumbers 2 pi m / L along one axis, in a shape that broadcasts with a spectrum."""
        unit = 2 * np.pi / self.grid.domain.extents[axis]
        return self._along(unit * self._index(axis).astype(self.dtype), axis)

    def derivative(self, axis: int, order: int = 1) -> Multiplier:
        """The multiplier (i k)^order, real where the order is even.

        An odd derivative drops the mode n/2 of an even axis, whose derivative vanishes at the points.
        """
        k = self.wavenumber(axis)
        if order % 2 == 0:
            return (-1.0) ** (order // 2) * k**order
        n = self.grid.shape[axis]
        k = jnp.where(self._along(2 * jnp.abs(self._index(axis)), axis) == n, 0.0, k)
        return 1j ** (order % 4) * k**order

    def laplacian(self) -> Multiplier:
        """The multiplier -|k|^2, (*modes,)."""
        return sum(self.derivative(axis, 2) for axis in range(self.dim))

    def filter(self, spectrum: Spectrum) -> Spectrum:
        """The modes with ``|m| < dealias n / 2`` on every axis; the others become zero."""
        if self.dealias == 1:
            return spectrum
        kept = jnp.ones((), bool)
        for axis, n in enumerate(self.grid.shape):
            kept = kept & self._along(jnp.abs(self._index(axis)) < self.dealias * n / 2, axis)
        return jnp.where(kept, spectrum, 0)

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(-self.dim, 0))

    def _index(self, axis: int) -> Array:
        """Integer wavenumbers in the order of the transform; the mode n/2 is +n/2 on the last axis, else -n/2."""
        n = self.grid.shape[axis]
        if axis == self.dim - 1:
            return jnp.arange(n // 2 + 1)
        m = jnp.arange(n)
        return jnp.where(m < (n + 1) // 2, m, m - n)

    def _along(self, values: Array, axis: int) -> Array:
        return values.reshape([-1 if i == axis else 1 for i in range(self.dim)])


def act(multiplier: Multiplier, spectrum: Spectrum) -> Spectrum:
    """Apply a multiplier to a spectrum (c, *modes): one number a mode and component, or a matrix (c, c, *modes)."""
    if multiplier.ndim <= spectrum.ndim:
        return multiplier * spectrum
    return jnp.sum(multiplier * spectrum, axis=1)
