"""The Korteweg-de Vries equation: waves on shallow water."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, Box, Field
from neuralpde.spaces.fourier import Fourier, Multiplier

from .derivatives import partial, rate
from .equation import PointFunction
from .exact import ExactSolution, space_of, travelled
from .semilinear import AbstractSemilinear, Nonlinearity, Parameter


class KortewegDeVries(AbstractSemilinear):
    """Korteweg-de Vries equation in one dimension  u_t + u u_x + b u_xxx = 0.

    dispersion: b > 0; Zabusky & Kruskal (Phys. Rev. Lett. 15 (1965) 240) write it delta^2, with delta = 0.022 for
    u(x, 0) = cos(pi x) on a period of 2.
    """

    dispersion: Parameter

    @property
    def axes(self) -> int:
        """One."""
        return 1

    def symbol(self, fourier: Fourier) -> Multiplier:
        """i b k^3"""
        return -self.dispersion * fourier.derivative(0, 3)

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """-(u^2 / 2)_x"""
        slope = -0.5 * fourier.derivative(0)
        return lambda u: slope * fourier.forward(fourier.inverse(u) ** 2)

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """u_t + u u_x + b u_xxx"""
        return rate(u)(x) + u(x) * partial(u, 0)(x) + self.dispersion * partial(u, 0, 3)(x)

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Mass, momentum and energy: the integrals of u, u^2 / 2 and u^3 / 6 - b u_x^2 / 2."""
        energy = u**3 / 6 - self.dispersion / 2 * u.diff(0) ** 2
        return {"mass": u.integral()[0], "momentum": (u**2).integral()[0] / 2, "energy": energy.integral()[0]}

    def exact(self, domain: Box, speed: Parameter = 1.0, start: Parameter = 0.0) -> AbstractFunction:
        """The soliton ``3 c sech^2(sqrt(c / b) (x - start - c t) / 2)`` of speed c.

        On a periodic axis it is exact up to its tail at half a period from the crest.
        """
        parameters = (self.dispersion, speed, start, domain.axes[0])
        return ExactSolution(_soliton, parameters, space_of(domain, self.names, 1))


def _soliton(x, dispersion, speed, start, axis):
    phase = jnp.sqrt(speed / dispersion) * travelled(x, speed, start, axis) / 2
    return (3 * speed / jnp.cosh(phase) ** 2)[None]
