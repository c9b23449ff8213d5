"""Equations of reaction and diffusion with one component: Allen-Cahn, Fisher-KPP, and Cahn-Hilliard."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, Box, Field
from neuralpde.spaces.fourier import Fourier, Multiplier

from .derivatives import laplacian, rate
from .equation import PointFunction
from .exact import ExactSolution, space_of, travelled
from .semilinear import AbstractSemilinear, Nonlinearity, Parameter


class AllenCahn(AbstractSemilinear):
    """Allen-Cahn equation  u_t = D Laplace(u) + r (u - u^3).

    diffusivity: D. growth: r. The usual problem of neural solvers has D = 1e-4, r = 5 and u(x, 0) = x^2 cos(pi x)
    on a period [-1, 1]: a function whose slope jumps at the ends.
    """

    diffusivity: Parameter = 1e-4
    growth: Parameter = 5.0

    def symbol(self, fourier: Fourier) -> Multiplier:
        """r - D |k|^2"""
        return self.growth + self.diffusivity * fourier.laplacian()

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """-r u^3"""
        return lambda u: -self.growth * fourier.forward(fourier.inverse(u) ** 3)

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """u_t - D Laplace(u) - r (u - u^3)"""
        value = u(x)
        return rate(u)(x) - self.diffusivity * laplacian(u)(x) - self.growth * (value - value**3)

    def exact(self, domain: Box, start: Parameter = 0.0) -> AbstractFunction:
        """The front ``(1 - tanh(sqrt(r / 8 D) (x - start - s t))) / 2`` that invades u = 0 at s = 3 sqrt(r D / 2)."""
        parameters = (self.diffusivity, self.growth, start, domain.axes[0])
        return ExactSolution(_allen_cahn_front, parameters, space_of(domain, self.names, 1))


def _allen_cahn_front(x, diffusivity, growth, start, axis):
    speed = 3 * jnp.sqrt(growth * diffusivity / 2)
    phase = jnp.sqrt(growth / (8 * diffusivity)) * travelled(x, speed, start, axis)
    return ((1 - jnp.tanh(phase)) / 2)[None]


class FisherKPP(AbstractSemilinear):
    """Fisher's equation, also of Kolmogorov, Petrovsky & Piskunov:  u_t = D Laplace(u) + r u (1 - u).

    diffusivity: D. growth: r.
    """

    diffusivity: Parameter
    growth: Parameter = 1.0

    def symbol(self, fourier: Fourier) -> Multiplier:
        """r - D |k|^2"""
        return self.growth + self.diffusivity * fourier.laplacian()

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """-r u^2"""
        return lambda u: -self.growth * fourier.forward(fourier.inverse(u) ** 2)

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """u_t - D Laplace(u) - r u (1 - u)"""
        value = u(x)
        return rate(u)(x) - self.diffusivity * laplacian(u)(x) - self.growth * value * (1 - value)

    def exact(self, domain: Box, start: Parameter = 0.0) -> AbstractFunction:
        """The front ``(1 + exp(sqrt(r / 6 D) (x - start - s t)))^-2`` of speed s = 5 sqrt(r D / 6).

        Ablowitz & Zeppetella, Bull. Math. Biol. 41 (1979) 835.
        """
        parameters = (self.diffusivity, self.growth, start, domain.axes[0])
        return ExactSolution(_fisher_front, parameters, space_of(domain, self.names, 1))


def _fisher_front(x, diffusivity, growth, start, axis):
    speed = 5 * jnp.sqrt(growth * diffusivity / 6)
    phase = jnp.sqrt(growth / (6 * diffusivity)) * travelled(x, speed, start, axis)
    return ((1 + jnp.exp(phase)) ** -2)[None]


class CahnHilliard(AbstractSemilinear):
    """Cahn-Hilliard equation  u_t = M Laplace(u^3 - u - eps^2 Laplace(u)): separation of two phases.

    mobility: M. width: eps, the width of interfaces.
    """

    width: Parameter
    mobility: Parameter = 1.0

    def symbol(self, fourier: Fourier) -> Multiplier:
        """M (|k|^2 - eps^2 |k|^4)"""
        laplace = fourier.laplacian()
        return -self.mobility * (laplace + self.width**2 * laplace**2)

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """M Laplace(u^3)"""
        laplace = self.mobility * fourier.laplacian()
        return lambda u: laplace * fourier.forward(fourier.inverse(u) ** 3)

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """u_t - M Laplace(u^3 - u - eps^2 Laplace(u))"""

        def potential(y):
            return u(y) ** 3 - u(y) - self.width**2 * laplacian(u)(y)

        return rate(u)(x) - self.mobility * laplacian(potential)(x)

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Mass: the integral of u."""
        return {"mass": u.integral()[0]}

    def energy(self, u: Field) -> Float[Array, ""]:
        """Free energy: the integral of (u^2 - 1)^2 / 4 + eps^2 |grad u|^2 / 2, which never grows."""
        slope2 = sum((u.diff(axis) ** 2).integral()[0] for axis in range(u.space.dim))
        return ((u**2 - 1) ** 2).integral()[0] / 4 + self.width**2 * slope2 / 2
