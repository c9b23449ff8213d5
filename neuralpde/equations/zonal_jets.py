"""Random winds along the circles of latitude of a sphere, with a wave that makes them unstable."""

from __future__ import annotations

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from neuralpde.spaces import AbstractPrior, Field, FunctionSpace, Grid
from neuralpde.spaces.spherical_harmonics import SphericalHarmonics, resolved_degree

from .sphere_shallow_water import SphereShallowWater

Range = tuple[float, float]


class ZonalJets(AbstractPrior):
    """States of `SphereShallowWater` without divergence, of vorticity

        vor = -cos(lat) / radius dG/dlat + wave cos(lat) exp(-((lat - 45) / 10)^2) cos(6 lon) + scatter,
        G = noise r(lat) cos(lat) - hill cos(lat)^2 + shear sin(lat) cos(lat).

    ``noise``, ``hill`` and ``shear`` are ranges of uniform laws (m / s), r is white noise, uniform in (0, 1) on the
    Gaussian latitudes of ``degree``, and ``scatter`` (1 / s) is the standard deviation of the complex coefficients of
    degree 14 and order 0 to 13, for harmonics of norm one on the unit sphere. The mean is left out. With ``balanced``
    pres is such that no divergence begins; otherwise it is zero, and the flow adjusts by waves that go round the
    sphere in a day.

    The defaults are those of the initial states of PDEArena's set (Gupta & Brandstetter, TMLR 2023), of degree 62, to
    which a constant is added that no derivative sees. But the program of that set lays the profile G along the circles
    of latitude, from north to south and once more, with noise at every point: its winds have no direction. With
    ``as_published`` this is done here too; the standard deviations of u and v are then near those of the set.

    ``space`` has the components of ``equation`` on the sphere in degrees. A grid too coarse for ``degree`` gets the
    degrees that it holds.
    """

    space: FunctionSpace = eqx.field(static=True)
    equation: SphereShallowWater = SphereShallowWater()
    degree: int = eqx.field(static=True, default=62)
    balanced: bool = eqx.field(static=True, default=False)
    as_published: bool = eqx.field(static=True, default=False)
    noise: Range = eqx.field(static=True, default=(-20.0, 30.0))
    hill: Range = eqx.field(static=True, default=(-20.0, 40.0))
    shear: Range = eqx.field(static=True, default=(-20.0, 40.0))
    wave: float = 5e-5
    scatter: float = 5e-6

    def sample(self, key: PRNGKeyArray, on: Grid) -> Field:
        """One state; the same function for one key on every grid that holds ``degree``."""
        gauss = SphericalHarmonics.gaussian(self.degree)
        vorticity = self.vorticity(key, gauss)
        zero = jnp.zeros_like(vorticity)
        pres = self.equation.balanced(vorticity, gauss) if self.balanced else zero
        held = min(self.degree, resolved_degree(on)) + 1
        spectrum = jnp.stack([vorticity, zero, pres])[:, :held, :held]
        values = self.equation.synthesise(spectrum, SphericalHarmonics.on_grid(on, held - 1))
        return Field(values, on, self.space)

    def vorticity(self, key: PRNGKeyArray, gauss: SphericalHarmonics) -> Complex[Array, "m n"]:
        """Coefficients of the vorticity."""
        key_jets, key_scatter = jax.random.split(key)
        jets = gauss.analyse(self._profile(key_jets, gauss))
        zonal = -gauss.synthesise_slope(jets) / self.equation.radius
        latitude = jnp.rad2deg(jnp.arcsin(gauss.sine))[:, None]
        longitude = 2 * jnp.pi * jnp.arange(gauss.longitudes) / gauss.longitudes
        envelope = jnp.sqrt(gauss.cosine_squared) * jnp.exp(-(((latitude - 45) / 10) ** 2))
        spectrum = gauss.analyse(zonal + self.wave * envelope * jnp.cos(6 * longitude))
        return self._scattered(key_scatter, spectrum).at[0, 0].set(0)

    def _profile(self, key: PRNGKeyArray, gauss: SphericalHarmonics) -> Float[Array, "lat lon"]:
        """G on all points."""
        *keys, key_noise = jax.random.split(key, 4)
        noise, hill, shear = (
            jax.random.uniform(k, minval=low, maxval=high)
            for k, (low, high) in zip(keys, (self.noise, self.hill, self.shear), strict=True)
        )
        latitudes, shape = gauss.sine.shape[0], (gauss.sine.shape[0], gauss.longitudes)
        sine, white = gauss.sine[:, None], jax.random.uniform(key_noise, (latitudes, 1))
        if self.as_published:
            sine = gauss.sine[::-1][jnp.arange(gauss.longitudes) % latitudes]
            white = jax.random.uniform(key_noise, shape)
        cosine = jnp.sqrt((1 - sine) * (1 + sine))
        return jnp.broadcast_to(noise * white * cosine - hill * cosine**2 + shear * sine * cosine, shape)

    def _scattered(self, key: PRNGKeyArray, spectrum: Complex[Array, "m n"]) -> Complex[Array, "m n"]:
        """Noise on the coefficients of one degree; a spectrum that does not reach it stays as it is."""
        parts = jax.random.normal(key, (14, 2)) * self.scatter / math.sqrt(8 * math.pi)
        size = spectrum.shape[0]
        added = jax.lax.complex(parts[:size, 0], jnp.where(jnp.arange(14) == 0, 0.0, parts[:, 1])[:size])
        return spectrum.at[:14, 14].add(added, mode="drop")
