"""The shallow water equations on a rotating sphere, in vorticity and divergence."""

from __future__ import annotations

import math
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, Box, Field
from neuralpde.spaces.fourier import act
from neuralpde.spaces.spherical_harmonics import Spectrum, SphericalHarmonics, resolved_degree

from .derivatives import gradient
from .equation import AbstractEquation, PointFunction
from .exact import ExactSolution, space_of
from .semilinear import Nonlinearity, is_zero

Parameter = Float[Array, ""] | float


class SphereShallowWater(AbstractEquation):
    """Shallow water equations on a rotating sphere, in vorticity and divergence.

        vor_t  = -div((vor + f) w) - D vor,   vor = curl w,   f = 2 rotation sin(lat),
        div_t  = curl((vor + f) w) - Laplace(|w|^2 / 2 + gravity pres) - D div,   div = div w,
        pres_t = -div((depth + pres) w),
        D = (Laplace / L)^diffusion_power / diffusion_time,   L = diffusion_degree (diffusion_degree + 1) / radius^2

    for the wind w = (u, v) to the east and north and the interface displacement pres, over a flat bottom (Hack &
    Jakob, NCAR Technical Note TN-343, 1992, section 2). A state holds all five components, of which vor, div and pres
    are read; u and v follow. Its domain is the sphere in degrees, see `neuralpde.spaces.latitude_longitude`.

    radius: m. rotation: 1 / s. gravity: m / s^2. depth: of the layer at rest, m. diffusion_time: in which
    hyperdiffusion takes a factor e off the waves of degree ``diffusion_degree``, s; None for none.
    u, v: m / s. vor, div: 1 / s. pres: m. Time: s. The values are those of the set of PDEArena (Gupta &
    Brandstetter, TMLR 2023), whose files state them.
    """

    names: ClassVar[tuple[str, ...]] = ("u", "v", "vor", "div", "pres")
    radius: Parameter = 6.371e6
    rotation: Parameter = 7.292e-5
    gravity: Parameter = 9.81
    depth: Parameter = 1.0e4
    diffusion_time: Parameter | None = 8640.0
    diffusion_degree: int = 62
    diffusion_power: int = 4

    # States and spectra of (vor, div, pres)

    def analyse(self, u: Field, degree: int) -> Spectrum:
        """Coefficients of (vor, div, pres), (3, m, n), up to a degree; the means of vor and div, which are none of a
        wind, are left out. ``ValueError`` for another grid or other components."""
        if u.space.names != self.names:
            raise ArgumentError(f"{type(self).__name__} has the components {self.names}, the field {u.space.names}.")
        on = SphericalHarmonics.on_grid(u.on, degree, u.values.dtype)
        return on.analyse(jnp.moveaxis(u.values[..., 2:], -1, 0)).at[:2, 0, 0].set(0)

    def synthesise(self, spectrum: Spectrum, on: SphericalHarmonics) -> Float[Array, "lat lon 5"]:
        """The state of coefficients of (vor, div, pres)."""
        across = jnp.sqrt(on.cosine_squared)
        u, v = (self.radius * part / across for part in on.synthesise_vector(spectrum[0], spectrum[1]))
        return jnp.moveaxis(jnp.concatenate([jnp.stack([u, v]), on.synthesise(spectrum)]), 0, -1)

    # The linear part L (waves of gravity and diffusion) and the rest N, as for `AbstractSemilinear`

    def symbol(self, harmonics: SphericalHarmonics) -> Float[Array, "3 3 1 n"]:
        """L: div_t = -gravity Laplace(pres), pres_t = -depth div, and diffusion of vor and div."""
        laplace = harmonics.laplacian / self.radius**2
        zero, one = jnp.zeros_like(laplace), jnp.ones_like(laplace)
        damping = zero
        if self.diffusion_time is not None:
            scale = self.diffusion_degree * (self.diffusion_degree + 1)
            damping = -((-harmonics.laplacian / scale) ** self.diffusion_power) / self.diffusion_time
        rows = [
            [damping, zero, zero],
            [zero, damping, -self.gravity * laplace],
            [zero, -self.depth * one, zero],
        ]
        return jnp.stack([jnp.stack(row) for row in rows])[:, :, None]

    def nonlinear(self, harmonics: SphericalHarmonics) -> Nonlinearity:
        """N, with products on the points of ``harmonics``."""
        laplace = harmonics.laplacian
        squared = harmonics.cosine_squared
        planetary = 2 * self.rotation * harmonics.sine[:, None]

        def rates(spectrum):
            # On the sphere of radius one: winds are in radii a second.
            vor, pres = harmonics.synthesise(spectrum[::2])
            u, v = harmonics.synthesise_vector(spectrum[0], spectrum[1])
            factor = jnp.stack([vor + planetary, pres])
            curl, divergence = harmonics.analyse_vector(factor * u, factor * v)
            kinetic = harmonics.analyse((u**2 + v**2) / (2 * squared))
            return jnp.stack([-divergence[0], curl[0] - laplace * kinetic, -divergence[1]])

        return rates

    def tendency(self, u: Field) -> Field:
        """Time derivative of all five components, up to the degree that the grid holds."""
        degree = resolved_degree(u.on)
        harmonics = SphericalHarmonics.gaussian(degree, u.values.dtype)
        spectrum = self.analyse(u, degree)
        rate = act(self.symbol(harmonics), spectrum) + self.nonlinear(harmonics)(spectrum)
        return u.with_values(self.synthesise(rate, SphericalHarmonics.on_grid(u.on, degree, u.values.dtype)))

    def balanced(self, vorticity: Spectrum, harmonics: SphericalHarmonics) -> Spectrum:
        """The pres that keeps a wind without divergence so at first: gravity Laplace(pres) = curl(...) - Laplace(...)
        of the equation for div, of mean zero."""
        zero = jnp.zeros_like(vorticity)
        _, excess, _ = self.nonlinear(harmonics)(jnp.stack([vorticity, zero, zero]))
        return harmonics.inverse_laplacian * excess * self.radius**2 / self.gravity

    # What is known of solutions

    def residual(self, u: PointFunction, x: Float[Array, " 3"]) -> Float[Array, " 5"]:
        """Two balances of momentum, vor - curl w, div - div w and the balance of mass at x = (lat, lon, t), for a
        function of the five components; ``NotImplementedError`` with hyperdiffusion, which has no such form."""
        if self.diffusion_time is not None:
            raise self._lacks("a pointwise residual with hyperdiffusion: set diffusion_time=None")
        degree = math.pi / 180
        latitude = degree * x[0]
        (wind_u, wind_v, vor, div, pres), slopes = u(x), gradient(u, range(3))(x).T
        south_north = slopes[:, 0] / (degree * self.radius)
        west_east = slopes[:, 1] / (degree * self.radius * jnp.cos(latitude))
        metric = jnp.tan(latitude) / self.radius
        turn = 2 * self.rotation * jnp.sin(latitude) + wind_u * metric
        carried = slopes[:, 2] + wind_u * west_east + wind_v * south_north
        curl = west_east[1] - south_north[0] + wind_u * metric
        divergence = west_east[0] + south_north[1] - wind_v * metric
        return jnp.stack(
            [
                carried[0] - turn * wind_v + self.gravity * west_east[4],
                carried[1] + turn * wind_u + self.gravity * south_north[4],
                vor - curl,
                div - divergence,
                carried[4] + (self.depth + pres) * divergence,
            ]
        )

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """The volume of water above the layer at rest, m^3; without diffusion also energy, that of
        ``h |w|^2 / 2 + g h^2 / 2`` with h = depth + pres (m^5 / s^2), and potential enstrophy, of
        ``(vor + f)^2 / (2 h)`` (m / s^2)."""
        on = SphericalHarmonics.on_grid(u.on, 0, u.values.dtype)
        area = 4 * math.pi * self.radius**2
        wind_u, wind_v, vor, _, pres = jnp.moveaxis(u.values, -1, 0)
        volume = {"volume": area * on.mean(pres)}
        if self.diffusion_time is not None:
            return volume
        h = self.depth + pres
        energy = h * (wind_u**2 + wind_v**2) / 2 + self.gravity * h**2 / 2
        enstrophy = (vor + 2 * self.rotation * on.sine[:, None]) ** 2 / (2 * h)
        return {**volume, "energy": area * on.mean(energy), "potential_enstrophy": area * on.mean(enstrophy)}

    def exact(self, domain: Box, speed: Parameter = 20.0, tilt: Parameter = 0.0) -> AbstractFunction:
        """A steady flow without divergence: rotation as a solid with ``speed`` (m / s) at its own equator, for any time.

        Test case 2 of Williamson et al., J. Comput. Phys. 102 (1992) 211. The axis of the flow is tilted by an angle
        (radians) from that of the planet, which must not rotate then.
        """
        if not (is_zero(tilt) or is_zero(self.rotation)):
            raise self._lacks("an exact solution that is tilted on a planet that rotates")
        values = (speed, tilt, self.radius, self.rotation, self.gravity)
        return ExactSolution(_solid_rotation, values, space_of(domain, self.names, 2))


def _solid_rotation(x, speed, tilt, radius, rotation, gravity):
    latitude, longitude = math.pi / 180 * x[0], math.pi / 180 * x[1]
    u = speed * (jnp.cos(latitude) * jnp.cos(tilt) + jnp.sin(latitude) * jnp.cos(longitude) * jnp.sin(tilt))
    v = -speed * jnp.sin(longitude) * jnp.sin(tilt)
    # Sine of the latitude about the axis of the flow.
    sine = jnp.sin(latitude) * jnp.cos(tilt) - jnp.cos(latitude) * jnp.cos(longitude) * jnp.sin(tilt)
    pres = -(radius * rotation * speed + speed**2 / 2) * (sine**2 - 1 / 3) / gravity
    return jnp.stack([u, v, 2 * speed / radius * sine, jnp.zeros_like(u), pres])
