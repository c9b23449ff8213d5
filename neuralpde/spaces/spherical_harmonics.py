"""Spherical harmonics on circles of latitude: what spectral transform methods on the sphere compute with.

Orszag, J. Atmos. Sci. 27 (1970) 890; Hack & Jakob, NCAR Technical Note TN-343 (1992), sections 2 and 3.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.fft
from jaxtyping import Array, Complex, Float

from neuralpde.errors import ArgumentError

from .box import Axis, Box
from .discretization import AbstractDiscretization
from .grid import Grid
from .series import grid_series

Spectrum = Complex[Array, "*c m n"]
Values = Float[Array, "*c lat lon"]
Table = Float[Array, "m lat n"]


class SphericalHarmonics(eqx.Module):
    """Real functions on circles of latitude and their coefficients up to a degree T (triangular truncation):

        f(lat, lon) = sum over |m| <= T, |m| <= n <= T of  f_nm P_nm(sin lat) exp(i m lon).

    Spectra hold the coefficients of m >= 0 and all n, (..., m, n), zero for n < m; the others are conjugates. The mean
    of (P_nm)^2 over the sphere is one, so that f_00 is the mean of f and ``|f_n0|^2 + 2 |f_nm|^2 + ...`` that of f^2.

    A vector is (U, V) = cos(lat) (u, v) with u to the east and v to the north; the radius is one. ``weights`` add up
    to two. On the points of `gaussian` the analysis of a function of the degree is exact, and so is that of a product
    of two, or of a function and a vector.
    """

    degree: int = eqx.field(static=True)
    longitudes: int = eqx.field(static=True)
    sine: Float[Array, " lat"]
    weights: Float[Array, " lat"]
    legendre: Table
    slope: Table
    dual: Table

    @classmethod
    def gaussian(cls, degree: int, dtype: Any = float) -> SphericalHarmonics:
        """On Gaussian latitudes and equally spaced longitudes, enough of both for products without aliasing."""
        longitudes: int = scipy.fft.next_fast_len(3 * degree + 1, real=True)  # type: ignore[assignment]
        sine, weights = (jnp.asarray(a, dtype) for a in np.polynomial.legendre.leggauss((longitudes + 1) // 2))
        legendre, slope = associated_legendre(degree, sine)
        return cls(degree, longitudes, sine, weights, legendre, slope, weights[:, None] / 2 * legendre)

    @classmethod
    def on_grid(cls, grid: AbstractDiscretization, degree: int, dtype: Any = float) -> SphericalHarmonics:
        """On a grid of the whole sphere in degrees, see `latitude_longitude`.

        Functions of the degree are analysed exactly: continued over the poles they are even (m even) or odd series in
        the latitude, which take them to Gaussian latitudes. Products are not.
        """
        latitudes, longitudes = latitude_longitude(grid)
        if not 0 <= degree <= resolved_degree(grid):
            raise ArgumentError(
                f"{latitudes} latitudes and {longitudes} longitudes hold degrees up to {resolved_degree(grid)}, got "
                f"{degree}; choose a finer grid or a smaller degree."
            )
        gauss = cls.gaussian(degree, dtype)
        line = Box((Axis("lat", 0.0, np.pi),)).grid(latitudes)
        target = jnp.arcsin(gauss.sine) + jnp.pi / 2
        even, odd = (_interpolation(line, kind, target).astype(dtype) for kind in ("cosine", "sine"))
        dual = jnp.where(
            (jnp.arange(degree + 1) % 2 == 0)[:, None, None],
            jnp.einsum("gl,mgn->mln", even, gauss.dual),
            jnp.einsum("gl,mgn->mln", odd, gauss.dual),
        )
        from_pole = line.axis_coords(0).astype(dtype)
        legendre, slope = associated_legendre(degree, -jnp.cos(from_pole))
        return cls(degree, longitudes, -jnp.cos(from_pole), _fejer(from_pole), legendre, slope, dual)

    @property
    def dim(self) -> int:
        """Number of axes of a spectrum."""
        return 2

    @property
    def dtype(self) -> np.dtype:
        """Real type of the values."""
        return self.sine.dtype

    @property
    def cosine_squared(self) -> Float[Array, "lat 1"]:
        """cos^2 of the latitudes, which broadcasts with values."""
        return ((1 - self.sine) * (1 + self.sine))[:, None]

    @property
    def m(self) -> Float[Array, "m 1"]:
        """Orders, which broadcast with spectra."""
        return jnp.arange(self.degree + 1, dtype=self.dtype)[:, None]

    @property
    def laplacian(self) -> Float[Array, " n"]:
        """The multiplier -n (n + 1), of the sphere of radius one."""
        n = jnp.arange(self.degree + 1, dtype=self.dtype)
        return -n * (n + 1)

    @property
    def inverse_laplacian(self) -> Float[Array, " n"]:
        """The multiplier of the inverse, which gives mean zero."""
        return jnp.where(self.laplacian == 0, 0.0, 1 / jnp.where(self.laplacian == 0, 1.0, self.laplacian))

    # From spectra to values

    def synthesise(self, spectrum: Spectrum) -> Values:
        """The function of a spectrum."""
        return self._to_longitudes(_summed(self.legendre, spectrum))

    def synthesise_slope(self, spectrum: Spectrum) -> Values:
        """cos(lat) times the derivative along the latitude."""
        return self._to_longitudes(_summed(self.slope, spectrum))

    def synthesise_vector(self, curl: Spectrum, divergence: Spectrum) -> tuple[Values, Values]:
        """(U, V) of a vorticity and a divergence, by streamfunction and potential; their means are not seen."""
        potentials = self.inverse_laplacian * jnp.stack([curl, divergence])
        along, across = _summed(self.legendre, 1j * self.m * potentials), _summed(self.slope, potentials)
        u, v = self._to_longitudes(jnp.stack([along[1] - across[0], along[0] + across[1]]))
        return u, v

    # From values to spectra

    def analyse(self, values: Values) -> Spectrum:
        """The spectrum of a function up to the degree."""
        return self._projected(self.dual, self._from_longitudes(values))

    def analyse_vector(self, u: Values, v: Values) -> tuple[Spectrum, Spectrum]:
        """Vorticity and divergence of a vector (U, V), by integration by parts with ``weights``."""
        both = self._from_longitudes(jnp.stack([u, v]) / self.cosine_squared)
        half = self.weights[:, None] / 2
        across = self._projected(half * self.slope, both)
        along = 1j * self.m * self._projected(half * self.legendre, both)
        return along[1] + across[0], along[0] - across[1]

    def mean(self, values: Values) -> Float[Array, "*c"]:
        """Mean over the sphere, by ``weights``."""
        return jnp.mean(values, axis=-1) @ self.weights / 2

    def _to_longitudes(self, coefficients: Complex[Array, "*c m lat"]) -> Values:
        return jnp.fft.irfft(jnp.swapaxes(coefficients, -1, -2), self.longitudes, norm="forward")

    def _from_longitudes(self, values: Values) -> Complex[Array, "*c m lat"]:
        return jnp.swapaxes(jnp.fft.rfft(values, norm="forward")[..., : self.degree + 1], -1, -2)

    def _projected(self, table: Table, coefficients: Complex[Array, "*c m lat"]) -> Spectrum:
        return _summed(jnp.swapaxes(table, 1, 2), coefficients)


def _summed(table: Float[Array, "m a b"], coefficients: Complex[Array, "*c m b"]) -> Complex[Array, "*c m a"]:
    """A real matrix for each order, applied to complex coefficients without making it complex."""
    parts = jnp.stack([coefficients.real, coefficients.imag], -1)
    real, imag = jnp.moveaxis(jnp.einsum("mab,...mbp->...map", table, parts), -1, 0)
    return jax.lax.complex(real, imag)


def associated_legendre(degree: int, sine: Float[Array, " lat"]) -> tuple[Table, Table]:
    """P_nm and (1 - x^2) dP_nm / dx at x = ``sine``, both (m, lat, n) for m, n <= degree.

    ``x P_nm = e_{n+1,m} P_{n+1,m} + e_{n,m} P_{n-1,m}`` with ``e_nm^2 = (n^2 - m^2) / (4 n^2 - 1)``, upwards from
    n = m, and ``(1 - x^2) dP_nm / dx = (n + 1) e_nm P_{n-1,m} - n e_{n+1,m} P_{n+1,m}``.
    """
    dtype = sine.dtype
    m = jnp.arange(degree + 1, dtype=dtype)[:, None]
    cosine = jnp.sqrt((1 - sine) * (1 + sine))
    factors = jnp.sqrt((2 * m + 1) / jnp.where(m == 0, 1.0, 2 * m)) * jnp.where(m == 0, 1.0, cosine)
    sectoral = jnp.cumprod(factors, axis=0)
    epsilon = lambda n: jnp.sqrt(jnp.maximum(n**2 - m**2, 0.0) / (4 * n**2 - 1))

    def next_degree(carry, n):
        below, two_below = carry
        inside = (sine * below - epsilon(n - 1) * two_below) / jnp.where(m < n, epsilon(n), 1.0)
        p = jnp.where(m < n, inside, jnp.where(m == n, sectoral, 0.0))
        return (p, below), p

    nothing = jnp.zeros((degree + 1, sine.shape[0]), dtype)
    _, rows = jax.lax.scan(next_degree, (nothing, nothing), jnp.arange(degree + 2, dtype=dtype))
    p = jnp.moveaxis(rows, 0, -1)
    n, order = jnp.arange(degree + 1, dtype=dtype), m[:, :, None]
    e = lambda n: jnp.sqrt(jnp.maximum(n**2 - order**2, 0.0) / jnp.abs(4 * n**2 - 1))
    lower = jnp.pad(p[..., :degree], ((0, 0), (0, 0), (1, 0)))
    return p[..., :-1], (n + 1) * e(n) * lower - n * e(n + 1) * p[..., 1:]


def latitude_longitude(grid: AbstractDiscretization) -> tuple[int, int]:
    """Numbers of latitudes and longitudes; ``ValueError`` unless the grid is one of the whole sphere.

    Its axes are the latitude from -90 to 90 with the layout ``cells``, which leaves out the poles, and the longitude,
    periodic with the length 360.
    """
    if not isinstance(grid, Grid) or not _is_whole(grid):
        raise ArgumentError(
            "Functions on the sphere live on a Box with the axes lat, from -90 to 90, and lon, periodic and 360 long, "
            f"on the cells of the first and the points of the second; got {grid}."
        )
    return grid.shape[0], grid.shape[1]


def _is_whole(grid: Grid) -> bool:
    axes = grid.domain.axes
    ends = [(axis.lower, axis.upper) for axis in axes[:1]] + [axis.length for axis in axes[1:]]
    return ends == [(-90, 90), 360] and grid.layout == ("cells", "periodic")


def resolved_degree(grid: AbstractDiscretization) -> int:
    """The largest degree that a grid of latitudes and longitudes holds."""
    latitudes, longitudes = latitude_longitude(grid)
    return min(latitudes - 1, (longitudes - 1) // 2)


def _interpolation(line: Grid, kind: str, x: Float[Array, " k"]) -> Float[Array, "k n"]:
    """The matrix from values on the cells of a line to those at ``x``, by its cosine or sine series."""
    series, analysis = grid_series(line, 0, kind)
    return series.basis(x) @ analysis


def _fejer(from_pole: Float[Array, " lat"]) -> Float[Array, " lat"]:
    """Weights of Fejer's first rule, exact for polynomials in the sine of the latitude below the number of points."""
    n = from_pole.shape[0]
    k = jnp.arange(1, n // 2 + 1, dtype=from_pole.dtype)
    return 2 / n * (1 - 2 * jnp.sum(jnp.cos(2 * k * from_pole[:, None]) / (4 * k**2 - 1), axis=-1))
