"""The Kuramoto-Sivashinsky equation: flame fronts, the simplest spatio-temporal chaos."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import Field
from neuralpde.spaces.fourier import Fourier, Multiplier

from .derivatives import biharmonic, gradient, laplacian, partial, rate
from .equation import PointFunction
from .semilinear import AbstractSemilinear, Nonlinearity, Parameter


class KuramotoSivashinsky(AbstractSemilinear):
    """Kuramoto-Sivashinsky equation in one dimension  u_t + a u u_x + b u_xx + c u_xxxx = 0.

    convection, antidiffusion, hyperdiffusion: a, b, c. With all three one the length of the period alone decides
    what the solution does; long ones, 22 and more as a rule, are chaotic.
    """

    convection: Parameter = 1.0
    antidiffusion: Parameter = 1.0
    hyperdiffusion: Parameter = 1.0

    @property
    def axes(self) -> int:
        """One."""
        return 1

    def symbol(self, fourier: Fourier) -> Multiplier:
        """b k^2 - c k^4"""
        return _symbol(self, fourier)

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """-a (u^2 / 2)_x"""
        slope = -0.5 * self.convection * fourier.derivative(0)
        return lambda u: slope * fourier.forward(fourier.inverse(u) ** 2)

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """u_t + a u u_x + b u_xx + c u_xxxx"""
        linear = self.antidiffusion * partial(u, 0, 2)(x) + self.hyperdiffusion * partial(u, 0, 4)(x)
        return rate(u)(x) + self.convection * u(x) * partial(u, 0)(x) + linear

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Mass: the integral of u."""
        return {"mass": u.integral()[0]}


class FlameFront(AbstractSemilinear):
    """Kuramoto-Sivashinsky equation of the front's height, in any dimension:

    u_t + a |grad u|^2 / 2 + b Laplace(u) + c Laplace(Laplace(u)) = 0.

    In one dimension its slope u_x solves `KuramotoSivashinsky`. The mean of u falls without bound; take it off
    where only the shape matters.
    """

    convection: Parameter = 1.0
    antidiffusion: Parameter = 1.0
    hyperdiffusion: Parameter = 1.0

    def symbol(self, fourier: Fourier) -> Multiplier:
        """b |k|^2 - c |k|^4"""
        return _symbol(self, fourier)

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """-a |grad u|^2 / 2"""
        slopes = [fourier.derivative(axis) for axis in range(fourier.dim)]
        scale = -0.5 * self.convection
        return lambda u: fourier.forward(scale * sum(fourier.inverse(d * u) ** 2 for d in slopes))

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """u_t + a |grad u|^2 / 2 + b Laplace(u) + c Laplace(Laplace(u))"""
        convection = self.convection / 2 * jnp.sum(gradient(u)(x) ** 2, axis=0)
        linear = self.antidiffusion * laplacian(u)(x) + self.hyperdiffusion * biharmonic(u)(x)
        return rate(u)(x) + convection + linear


def _symbol(equation: KuramotoSivashinsky | FlameFront, fourier: Fourier) -> Multiplier:
    laplace = fourier.laplacian()
    return -equation.antidiffusion * laplace - equation.hyperdiffusion * laplace**2
