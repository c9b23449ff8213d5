"""Isotropic energy spectra: how a field's energy is spread over scales.

A field is expanded in a product basis, one family an axis: complex exponentials on a periodic axis
(wavenumbers 2 pi m / L) and cosines on any other (pi m / L), which is the Fourier series of the even
reflection at the walls. Cosines need no window, keep all of the energy, and see no jump at a wall; only the
slope may jump there, which bounds the decay of the energy at k^-4. The energy of all modes in a shell of
wavenumbers is added up.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import scipy.fft
from jaxtyping import Float, Shaped

from neuralpde.spaces import Field, Grid

from .metrics import is_uniform_grid


@dataclasses.dataclass(frozen=True)
class Spectrum:
    """Energy in shells of wavenumbers, mean over samples.

    ``energy`` adds up to half of the mean square of the field over the domain (Parseval), all components
    together. ``wavenumber`` are the centres of the shells, in radians per unit length; above ``complete`` the
    shells leave the box of resolved wavenumbers and hold only its corners.
    """

    wavenumber: Float[np.ndarray, " shell"]
    energy: Float[np.ndarray, " shell"]
    complete: float


def energy_spectrum(field: Field) -> Spectrum:
    """Spectrum of one field, or the mean spectrum of stacked ones.

    The shells are as wide as the largest of the axes' lowest wavenumbers and are centred at its multiples.
    Fields on points or Chebyshev axes have no discrete basis of this kind: ``ValueError``, resample them
    first.
    """
    grid = field.on
    if not (isinstance(grid, Grid) and is_uniform_grid(grid)):
        raise ValueError(
            f"An energy spectrum needs a uniform grid, got {getattr(grid, 'layout', type(grid).__name__)}; "
            "call field.resample(domain.grid(n)) first."
        )
    dim = len(grid.shape)
    values = np.asarray(field.values, np.float64).reshape(-1, *grid.shape, field.space.channels)
    energy = np.ones(grid.shape)
    for axis in range(dim):
        values, multiplicity = _transform(values, axis + 1, grid.layout[axis], grid.domain.periodic[axis])
        energy = energy * multiplicity.reshape([-1 if i == axis else 1 for i in range(dim)])
    energy = energy * np.mean(np.sum(np.abs(values) ** 2, axis=-1), axis=0) / 2
    waves = [_wavenumbers(grid, axis) for axis in range(dim)]
    return _shells(waves, energy)


def _wavenumbers(grid: Grid, axis: int) -> Float[np.ndarray, " n"]:
    """Absolute wavenumber of each mode along one axis."""
    n, length = grid.shape[axis], grid.domain.extents[axis]
    if grid.domain.periodic[axis]:
        return 2 * math.pi * np.abs(np.fft.fftfreq(n, 1 / n)) / length
    return math.pi * np.arange(n) / length


def _transform(
    values: Shaped[np.ndarray, "*array"], axis: int, layout: str, periodic: bool
) -> tuple[Shaped[np.ndarray, "*array"], Float[np.ndarray, " n"]]:
    """Coefficients along one axis and the mean square of each basis function on the grid's quadrature."""
    n = values.shape[axis]
    if periodic:
        return np.fft.fft(values, axis=axis, norm="forward"), np.ones(n)
    mean_squares = np.full(n, 2.0)
    if layout == "cells":
        # values_j = c_0 + 2 sum_m c_m cos(pi m (j + 1/2) / n), each cosine with mean square 1/2.
        mean_squares[0] = 1.0
    else:
        # values_j = c_0 + 2 sum_m c_m cos(pi m j / (n - 1)) + c_last (-1)^j, the last with mean square one.
        mean_squares[[0, -1]] = 1.0
    coefficients = scipy.fft.dct(values, type=2 if layout == "cells" else 1, axis=axis, norm="forward")
    return np.asarray(coefficients), mean_squares


def _shells(waves: list[Float[np.ndarray, " _"]], energy: Float[np.ndarray, "*mode"]) -> Spectrum:
    resolved = [w for w in waves if w.size > 1]
    width = max((float(w[1]) for w in resolved), default=1.0)
    magnitude = np.sqrt(sum(w**2 for w in np.meshgrid(*waves, indexing="ij")))
    shell = np.rint(magnitude / width).astype(int)
    total = np.bincount(shell.ravel(), weights=energy.ravel())
    return Spectrum(width * np.arange(total.size), total, min((float(w.max()) for w in resolved), default=0.0))
