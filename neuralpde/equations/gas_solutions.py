"""Smooth solutions of the Euler equations in closed form, as functions of space and time (time last)."""

from __future__ import annotations

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, FunctionSpace

from .euler import Euler

Point = Float[Array, " d"]
State = Float[Array, " c"]


class EntropyWave(AbstractFunction):
    """A wave of density carried along by a uniform flow: rho = mean + amplitude sin(k . (x - v t)), v and p constant.

    waves: number of wavelengths along each axis of the box. velocity: one component an axis.
    ``space`` lives on box times interval of time; its components are those of `Euler`.
    """

    space: FunctionSpace = eqx.field(static=True)
    velocity: tuple[float, ...] = eqx.field(static=True)
    waves: tuple[int, ...] = eqx.field(static=True)
    mean: float = 1.0
    amplitude: float = 0.2
    pressure: float = 1.0
    gamma: float = 1.4

    def __call__(self, x: Point) -> State:
        bounds = self.space.domain.bounds
        v = jnp.asarray(self.velocity, x.dtype)
        k = 2 * jnp.pi * jnp.asarray(self.waves, x.dtype) / jnp.asarray(bounds.extents[:-1], x.dtype)
        phase = k @ (x[:-1] - jnp.asarray(bounds.lower[:-1], x.dtype) - v * x[-1])
        density = self.mean + self.amplitude * jnp.sin(phase)
        return Euler(self.gamma, len(self.velocity)).conserved(
            jnp.stack([density, *v, jnp.asarray(self.pressure, x.dtype)])
        )


class SimpleWave(AbstractFunction):
    """A sound wave of finite amplitude that runs to the right and steepens, until it breaks.

    v = amplitude sin(k xi) and c = c_0 + (gamma - 1)/2 v are constant on the lines  x = xi + (v + c) t, for a gas at
    rest with density 1 and pressure 1 / gamma (c_0 = 1) before. One dimension; periodic, ``waves`` lengths a box.
    Landau & Lifshitz, "Fluid Mechanics", section 101.
    """

    space: FunctionSpace = eqx.field(static=True)
    waves: int = eqx.field(static=True, default=1)
    amplitude: float = 0.1
    gamma: float = 1.4

    @property
    def wavenumber(self) -> float:
        """k, radian / length."""
        return 2 * math.pi * self.waves / self.space.domain.bounds.extents[0]

    @property
    def breaking_time(self) -> float:
        """When the slope becomes infinite: 2 / ((gamma + 1) amplitude k)."""
        return 2 / ((self.gamma + 1) * self.amplitude * self.wavenumber)

    def __call__(self, x: Point) -> State:
        position, time = x
        profile = lambda xi: self.amplitude * jnp.sin(self.wavenumber * xi)
        speed = lambda xi: 1 + (self.gamma + 1) / 2 * profile(xi)

        def newton(_, xi):
            value, slope = jax.jvp(lambda y: y + speed(y) * time - position, (xi,), (jnp.ones_like(xi),))
            return xi - value / slope

        v = profile(jax.lax.fori_loop(0, 40, newton, position - time))
        sound = 1 + (self.gamma - 1) / 2 * v
        density = sound ** (2 / (self.gamma - 1))
        return Euler(self.gamma, 1).conserved(jnp.stack([density, v, density * sound**2 / self.gamma]))


class IsentropicVortex(AbstractFunction):
    """A vortex of constant entropy that moves with a uniform flow without changing; two dimensions.

    T = 1 - (gamma - 1) strength^2 / (8 gamma pi^2) exp(1 - r^2), rho = T^(1 / (gamma - 1)), p = rho^gamma, and a
    rotation of speed  strength / (2 pi) r exp((1 - r^2) / 2)  about the centre. Shu, ICASE report 97-65 (1997),
    section 4.2. On periodic axes the nearest image counts, so that the box should be ten or more wide.
    """

    space: FunctionSpace = eqx.field(static=True)
    centre: tuple[float, float] = eqx.field(static=True, default=(0.0, 0.0))
    velocity: tuple[float, float] = eqx.field(static=True, default=(1.0, 1.0))
    strength: float = 5.0
    gamma: float = 1.4

    def __call__(self, x: Point) -> State:
        background = jnp.asarray(self.velocity, x.dtype)
        offset = x[:-1] - jnp.asarray(self.centre, x.dtype) - background * x[-1]
        box = self.space.domain.bounds
        period = jnp.asarray([a.length if a.periodic else jnp.inf for a in box.axes[:-1]], x.dtype)
        dx, dy = offset - jnp.where(jnp.isfinite(period), period * jnp.round(offset / period), 0.0)
        swirl = self.strength / (2 * jnp.pi) * jnp.exp((1 - dx**2 - dy**2) / 2)
        temperature = 1 - (self.gamma - 1) / (2 * self.gamma) * swirl**2
        density = temperature ** (1 / (self.gamma - 1))
        velocity = background + swirl * jnp.stack([-dy, dx])
        return Euler(self.gamma, 2).conserved(jnp.stack([density, *velocity, density * temperature]))
