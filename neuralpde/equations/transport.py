"""Advection and diffusion: the linear equations of transport."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, Box, Field
from neuralpde.spaces.fourier import Fourier, Multiplier

from .conservation_law import AbstractConservationLaw, State
from .derivatives import gradient, laplacian, rate
from .equation import PointFunction
from .exact import ExactSolution, space_of
from .semilinear import AbstractSemilinear, Parameter


class Advection(AbstractSemilinear, AbstractConservationLaw):
    """Linear advection  u_t + c . grad u = 0.

    velocity: c, one number an axis.
    """

    velocity: tuple[Parameter, ...]

    @property
    def axes(self) -> int:
        """One for each component of the velocity."""
        return len(self.velocity)

    def symbol(self, fourier: Fourier) -> Multiplier:
        """-i c . k"""
        return -sum(c * fourier.derivative(axis) for axis, c in enumerate(self.velocity))

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """u_t + c . grad u"""
        return rate(u)(x) + sum(c * slope for c, slope in zip(self.velocity, gradient(u)(x), strict=True))

    def flux(self, u: State, axis: int) -> State:
        """c_axis u"""
        return self.velocity[axis] * u

    def signal_speeds(self, u: State, axis: int) -> tuple[Float[Array, "*point"], Float[Array, "*point"]]:
        """c_axis, twice"""
        speed = jnp.full_like(u[..., 0], self.velocity[axis])
        return speed, speed

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Mass, the integral of u, and energy, that of u^2 / 2."""
        return {"mass": u.integral()[0], "energy": (u**2).integral()[0] / 2}

    def exact(self, domain: Box, profile: PointFunction) -> AbstractFunction:
        """``profile(x - c t)`` on a domain of space and time, for a profile that has the periods of the box."""
        return ExactSolution(_carried, (profile, self.velocity), space_of(domain, self.names, len(self.velocity)))


def _carried(x, profile, velocity):
    return profile(x[:-1] - jnp.stack([jnp.asarray(c, x.dtype) for c in velocity]) * x[-1])


class Diffusion(AbstractSemilinear):
    """Diffusion (heat)  u_t = nu Laplace(u).

    diffusivity: nu, an area a unit of time.
    """

    diffusivity: Parameter

    def symbol(self, fourier: Fourier) -> Multiplier:
        """-nu |k|^2"""
        return self.diffusivity * fourier.laplacian()

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """u_t - nu Laplace(u)"""
        return rate(u)(x) - self.diffusivity * laplacian(u)(x)

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Mass: the integral of u."""
        return {"mass": u.integral()[0]}

    def exact(self, domain: Box, modes: tuple[int, ...] = (1,), phase: float = 0.0) -> AbstractFunction:
        """``cos(k . x + phase) exp(-nu |k|^2 t)`` with k_i = 2 pi modes_i / L_i."""
        lengths = domain.extents[: len(modes)]
        k = tuple(2 * jnp.pi * m / length for m, length in zip(modes, lengths, strict=True))
        return ExactSolution(_decaying, (self.diffusivity, k, phase), space_of(domain, self.names, len(modes)))


def _decaying(x, diffusivity, k, phase):
    k = jnp.asarray(k, x.dtype)
    return (jnp.cos(k @ x[:-1] + phase) * jnp.exp(-diffusivity * k @ k * x[-1]))[None]
