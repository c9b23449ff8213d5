"""Stochastic processes with known moments, densities or paths, and the stochastic Lorenz system."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from .lorenz import Lorenz63
from .ode import Scalar
from .sde import AbstractSDE, normal_log_density


class OrnsteinUhlenbeck(AbstractSDE):
    """dy = rate (level - y) dt + noise dW. rate: 1 / time. noise: unit of y / time^(1/2)."""

    names: ClassVar[tuple[str, ...]] = ("y",)
    rate: Scalar = 1.0
    level: Scalar = 0.0
    noise: Scalar = 0.5

    def drift(self, t: Scalar, y: Float[Array, " 1"], args: Any = None) -> Float[Array, " 1"]:
        """rate (level - y)."""
        return self.rate * (self.level - y)

    def diffusion(self, t: Scalar, y: Float[Array, " 1"], args: Any = None) -> Float[Array, " 1"]:
        """noise."""
        return jnp.full_like(y, self.noise)

    def initial_state(self) -> Float[Array, " 1"]:
        """One."""
        return jnp.ones(1)

    def moments(self, t: Scalar, y: Float[Array, " 1"]) -> tuple[Float[Array, " 1"], Float[Array, " 1"]]:
        """Mean level + (y - level) e^(-rate t), variance noise^2 (1 - e^(-2 rate t)) / (2 rate)."""
        mean = self.level + (y - self.level) * jnp.exp(-self.rate * t)
        return mean, jnp.full_like(y, -(self.noise**2) * jnp.expm1(-2 * self.rate * t) / (2 * self.rate))

    def log_density(self, z: Float[Array, " 1"], t: Scalar, y: Float[Array, " 1"]) -> Float[Array, ""]:
        """That of a normal variable with these moments."""
        return normal_log_density(z, *self.moments(t, y))


class RampedOrnsteinUhlenbeck(AbstractSDE):
    """dy = (slope t - rate y) dt + ramp t dW: level and noise grow in time.

    The defaults, over times from 0 to 63 and from y uniform in (-1, 1), are the example on which diffrax trains a
    generator of paths (Kidger et al., "Neural SDEs as infinite-dimensional GANs", ICML 2021).
    """

    names: ClassVar[tuple[str, ...]] = ("y",)
    slope: Scalar = 0.02
    rate: Scalar = 0.1
    ramp: Scalar = 0.8 / 63

    def drift(self, t: Scalar, y: Float[Array, " 1"], args: Any = None) -> Float[Array, " 1"]:
        """slope t - rate y."""
        return self.slope * t - self.rate * y

    def diffusion(self, t: Scalar, y: Float[Array, " 1"], args: Any = None) -> Float[Array, " 1"]:
        """ramp t."""
        return jnp.full_like(y, self.ramp * t)

    def initial_state(self) -> Float[Array, " 1"]:
        """Zero."""
        return jnp.zeros(1)

    def moments(self, t: Scalar, y: Float[Array, " 1"]) -> tuple[Float[Array, " 1"], Float[Array, " 1"]]:
        """Integrals of slope s e^(-rate (t - s)) and ramp^2 s^2 e^(-2 rate (t - s)) over s from 0 to t."""
        a = self.rate
        mean = y * jnp.exp(-a * t) + self.slope * (t / a + jnp.expm1(-a * t) / a**2)
        variance = self.ramp**2 * (t**2 / (2 * a) - t / (2 * a**2) - jnp.expm1(-2 * a * t) / (4 * a**3))
        return mean, jnp.full_like(y, variance)

    def log_density(self, z: Float[Array, " 1"], t: Scalar, y: Float[Array, " 1"]) -> Float[Array, ""]:
        """That of a normal variable with these moments."""
        return normal_log_density(z, *self.moments(t, y))


class GeometricBrownianMotion(AbstractSDE):
    """dy = growth y dt + noise y dW for y > 0. growth: 1 / time. noise: 1 / time^(1/2)."""

    names: ClassVar[tuple[str, ...]] = ("y",)
    growth: Scalar = 0.5
    noise: Scalar = 0.5

    def drift(self, t: Scalar, y: Float[Array, " 1"], args: Any = None) -> Float[Array, " 1"]:
        """growth y."""
        return self.growth * y

    def diffusion(self, t: Scalar, y: Float[Array, " 1"], args: Any = None) -> Float[Array, " 1"]:
        """noise y."""
        return self.noise * y

    def initial_state(self) -> Float[Array, " 1"]:
        """One."""
        return jnp.ones(1)

    def moments(self, t: Scalar, y: Float[Array, " 1"]) -> tuple[Float[Array, " 1"], Float[Array, " 1"]]:
        """Mean y e^(growth t), variance mean^2 (e^(noise^2 t) - 1)."""
        mean = y * jnp.exp(self.growth * t)
        return mean, mean**2 * jnp.expm1(self.noise**2 * t)

    def log_density(self, z: Float[Array, " 1"], t: Scalar, y: Float[Array, " 1"]) -> Float[Array, ""]:
        """That of a variable whose logarithm is normal."""
        mean = jnp.log(y) + (self.growth - self.noise**2 / 2) * t
        return normal_log_density(jnp.log(z), mean, jnp.full_like(y, self.noise**2 * t)) - jnp.sum(jnp.log(z))

    def path(self, t: Scalar, w: Float[Array, " 1"], y: Float[Array, " 1"]) -> Float[Array, " 1"]:
        """y exp((growth - noise^2 / 2) t + noise w)."""
        return y * jnp.exp((self.growth - self.noise**2 / 2) * t + self.noise * w)


class DoubleWell(AbstractSDE):
    """dy = -V'(y) dt + noise dW in the potential V = height (1 - (y / width)^2)^2, with wells at -width and width."""

    names: ClassVar[tuple[str, ...]] = ("y",)
    height: Scalar = 0.25
    width: Scalar = 1.0
    noise: Scalar = 0.5

    def potential(self, y: Float[Array, " 1"]) -> Float[Array, " 1"]:
        """V."""
        return self.height * (1 - (y / self.width) ** 2) ** 2

    def drift(self, t: Scalar, y: Float[Array, " 1"], args: Any = None) -> Float[Array, " 1"]:
        """-V'."""
        return 4 * self.height * y / self.width**2 * (1 - (y / self.width) ** 2)

    def diffusion(self, t: Scalar, y: Float[Array, " 1"], args: Any = None) -> Float[Array, " 1"]:
        """noise."""
        return jnp.full_like(y, self.noise)

    def initial_state(self) -> Float[Array, " 1"]:
        """The upper well."""
        return jnp.full(1, self.width, float)

    def stationary_log_density(self, y: Float[Array, " 1"]) -> Float[Array, ""]:
        """-2 V / noise^2, up to the constant that makes the density integrate to one."""
        return -2 * jnp.sum(self.potential(y)) / self.noise**2


class StochasticLorenz(AbstractSDE):
    """Lorenz' system with noise in proportion to each component: the latent SDE example of Li et al., AISTATS 2020.

    noise: factors (3,), 1 / time^(1/2). The usual initial states are standard normal.
    """

    names: ClassVar[tuple[str, ...]] = Lorenz63.names
    system: Lorenz63 = Lorenz63()
    noise: tuple[float, float, float] | Float[Array, " 3"] = (0.1, 0.28, 0.3)

    def drift(self, t: Scalar, y: Float[Array, " 3"], args: Any = None) -> Float[Array, " 3"]:
        """The rates of Lorenz' system."""
        return self.system.vector_field(t, y)

    def diffusion(self, t: Scalar, y: Float[Array, " 3"], args: Any = None) -> Float[Array, " 3"]:
        """noise y."""
        return jnp.asarray(self.noise, y.dtype) * y

    def initial_state(self) -> Float[Array, " 3"]:
        """That of Lorenz' system."""
        return self.system.initial_state()
