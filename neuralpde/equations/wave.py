"""Wave and sine-Gordon equations, as systems of first order in time."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, Box, Field
from neuralpde.spaces.fourier import Fourier, Multiplier

from .derivatives import laplacian, rate
from .equation import PointFunction
from .exact import ExactSolution, space_of, travelled
from .semilinear import AbstractSemilinear, Nonlinearity, Parameter


class Wave(AbstractSemilinear):
    """Wave equation  u_t = v,  v_t = c^2 Laplace(u).

    speed: c.
    """

    speed: Parameter = 1.0
    names: ClassVar[tuple[str, ...]] = ("u", "v")

    def symbol(self, fourier: Fourier) -> Multiplier:
        """The matrices ((0, 1), (-c^2 |k|^2, 0))."""
        return _oscillator(self.speed, fourier)

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 2"]:
        """u_t - v  and  v_t - c^2 Laplace(u)"""
        return rate(u)(x) - jnp.stack([u(x)[1], self.speed**2 * laplacian(u)(x)[0]])

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Energy, v^2 / 2 + c^2 |grad u|^2 / 2, and momentum, -v grad u, along each axis."""
        return _mechanics(u, self.speed, jnp.zeros_like)

    def exact(self, domain: Box, profile: PointFunction) -> AbstractFunction:
        """d'Alembert's ``(f(x - c t) + f(x + c t)) / 2`` from rest, for a profile f with the period of the axis."""
        return ExactSolution(_dalembert, (profile, self.speed), space_of(domain, self.names, 1))


def _dalembert(x, profile, speed):
    def height(t):
        return (profile(x[:1] - speed * t) + profile(x[:1] + speed * t))[0] / 2

    return jnp.stack(jax.jvp(height, (x[1],), (jnp.ones_like(x[1]),)))


class SineGordon(AbstractSemilinear):
    """Sine-Gordon equation  u_t = v,  v_t = c^2 Laplace(u) - sin(u).

    speed: c.
    """

    speed: Parameter = 1.0
    names: ClassVar[tuple[str, ...]] = ("u", "v")

    def symbol(self, fourier: Fourier) -> Multiplier:
        """The matrices ((0, 1), (-c^2 |k|^2, 0))."""
        return _oscillator(self.speed, fourier)

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """0 and -sin(u)"""

        def pendulum(spectrum):
            force = -fourier.forward(jnp.sin(fourier.inverse(spectrum[0])))
            return jnp.stack([jnp.zeros_like(force), force])

        return pendulum

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 2"]:
        """u_t - v  and  v_t - c^2 Laplace(u) + sin(u)"""
        height, velocity = u(x)
        return rate(u)(x) - jnp.stack([velocity, self.speed**2 * laplacian(u)(x)[0] - jnp.sin(height)])

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Energy, v^2 / 2 + c^2 |grad u|^2 / 2 + 1 - cos(u), and momentum, -v grad u, along each axis."""
        return _mechanics(u, self.speed, lambda height: 1 - jnp.cos(height))

    def exact(self, domain: Box, frequency: Parameter = 0.5, start: Parameter = 0.0) -> AbstractFunction:
        """The breather ``4 arctan(sqrt(1 - w^2) / w cos(w t) sech(sqrt(1 - w^2) (x - start) / c))``, 0 < w < 1.

        On a periodic axis it is exact up to its tail at half a period from the middle.
        """
        parameters = (frequency, self.speed, start, domain.axes[0])
        return ExactSolution(_breather, parameters, space_of(domain, self.names, 1))


def _breather(x, frequency, speed, start, axis):
    decay = jnp.sqrt(1 - frequency**2)
    envelope = decay / frequency / jnp.cosh(decay * travelled(x, 0.0, start, axis) / speed)

    def height(t):
        return 4 * jnp.arctan(envelope * jnp.cos(frequency * t))

    return jnp.stack(jax.jvp(height, (x[1],), (jnp.ones_like(x[1]),)))


def _oscillator(speed: Parameter, fourier: Fourier) -> Multiplier:
    laplace = fourier.laplacian()
    one, zero = jnp.ones_like(laplace), jnp.zeros_like(laplace)
    return jnp.stack([jnp.stack([zero, one]), jnp.stack([speed**2 * laplace, zero])])


def _mechanics(u: Field, speed: Parameter, potential) -> dict[str, Float[Array, ""]]:
    height, velocity = u.values[..., :1], u.values[..., 1:]
    slopes = [u.diff(axis).values[..., :1] for axis in range(u.space.dim)]
    energy = velocity**2 / 2 + speed**2 / 2 * sum(slope**2 for slope in slopes) + potential(height)
    momenta = {
        f"momentum_{name}": -u.on.integrate(velocity * slope)[0]
        for name, slope in zip(u.space.domain.names, slopes, strict=True)
    }
    return {"energy": u.on.integrate(energy)[0], **momenta}
