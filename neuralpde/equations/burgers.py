"""Burgers' equation: a conservation law in one dimension, a vector equation in any."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, Box, Field
from neuralpde.spaces.fourier import Fourier, Multiplier

from .conservation_law import AbstractConservationLaw, State
from .derivatives import gradient, laplacian, partial, rate
from .equation import PointFunction
from .exact import ExactSolution, space_of
from .semilinear import AbstractSemilinear, Nonlinearity, Parameter


class Burgers(AbstractSemilinear, AbstractConservationLaw):
    """Viscous Burgers equation in one dimension  u_t + (u^2 / 2)_x = nu u_xx.

    viscosity: nu. (PDEBench names its data by pi nu.)
    """

    viscosity: Parameter

    @property
    def axes(self) -> int:
        """One."""
        return 1

    def symbol(self, fourier: Fourier) -> Multiplier:
        """-nu k^2"""
        return self.viscosity * fourier.laplacian()

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """-(u^2 / 2)_x"""
        slope = -0.5 * fourier.derivative(0)
        return lambda u: slope * fourier.forward(fourier.inverse(u) ** 2)

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """u_t + u u_x - nu u_xx"""
        return rate(u)(x) + u(x) * partial(u, 0)(x) - self.viscosity * partial(u, 0, 2)(x)

    def flux(self, u: State, axis: int) -> State:
        """u^2 / 2"""
        return u**2 / 2

    def signal_speeds(self, u: State, axis: int) -> tuple[Float[Array, "*point"], Float[Array, "*point"]]:
        """u, twice"""
        return u[..., 0], u[..., 0]

    def viscous_flux(self, u: State, gradient: Float[Array, "*point d c"], axis: int) -> State:
        """nu u_x"""
        return self.viscosity * gradient[..., axis, :]

    def diffusivity(self, u: State) -> Float[Array, "*point"] | float:
        """nu"""
        return self.viscosity

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Mass: the integral of u."""
        return {"mass": u.integral()[0]}

    def exact(self, domain: Box) -> AbstractFunction:
        """The solution from u(x, 0) = -sin(pi x) on [-1, 1], periodic or zero at both ends, or on [0, 1], zero at both
        ends (Cole, Q. Appl. Math. 9 (1951) 225; Hopf, CPAM 3 (1950) 201).

        Where t = 0 the value is right but derivatives in time are not defined.
        """
        axis = domain.axes[0]
        half = (axis.lower, axis.upper) == (0.0, 1.0) and not axis.periodic
        if (axis.lower, axis.upper) != (-1.0, 1.0) and not half:
            raise ArgumentError(
                "The solution from -sin(pi x) is that of the interval [-1, 1], or of [0, 1] with zeros at both ends; the "
                f"domain has {axis}; use Box.of(x=(-1.0, 1.0), t=(0.0, 1.0))."
            )
        return ExactSolution(_cole_hopf, (self.viscosity,), space_of(domain, self.names, 1))


COLE_HOPF_NODES = 600


def _cole_hopf(x, viscosity):
    """The average of -sin(pi y) with weights exp(-s^2 - cos(pi y) / (2 pi nu)), y = x - s sqrt(4 nu t).

    The trapezium rule in s converges geometrically, since the integrand is analytic and vanishes at infinity; past
    |s| = sqrt(40 + 1 / (pi nu)) the weights are below e^-40 of the largest.
    """
    reach = jnp.sqrt(40 + 1 / (jnp.pi * viscosity))
    s = reach * jnp.linspace(-1, 1, COLE_HOPF_NODES, dtype=x.dtype)
    y = x[0] - s * jnp.sqrt(4 * viscosity * x[1])
    weights = jax.nn.softmax(-(s**2) - jnp.cos(jnp.pi * y) / (2 * jnp.pi * viscosity))
    return -jnp.sum(weights * jnp.sin(jnp.pi * y))[None]


class VectorBurgers(AbstractSemilinear):
    """Viscous Burgers equations  u_t + u . grad u = nu Laplace(u)  for a velocity u of ``dim`` components.

    viscosity: nu.
    """

    viscosity: Parameter
    dim: int = eqx.field(static=True, default=2)

    @property
    def names(self) -> tuple[str, ...]:
        """u, v, w"""
        return ("u", "v", "w")[: self.dim]

    @property
    def axes(self) -> int:
        """As many as components."""
        return self.dim

    def symbol(self, fourier: Fourier) -> Multiplier:
        """-nu |k|^2"""
        return self.viscosity * fourier.laplacian()

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """-u . grad u"""
        slopes = [fourier.derivative(axis) for axis in range(self.dim)]

        def advection(u):
            velocity = fourier.inverse(u)
            return -fourier.forward(sum(c * fourier.inverse(d * u) for c, d in zip(velocity, slopes, strict=True)))

        return advection

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " c"]:
        """u_t + u . grad u - nu Laplace(u)"""
        return rate(u)(x) + u(x) @ gradient(u)(x) - self.viscosity * laplacian(u)(x)

    def exact(self, domain: Box, direction: tuple[int, ...] = (1, 1)) -> AbstractFunction:
        """The plane wave ``n w(n . x, |n|^2 t)`` on [-1, 1]^d of the solution w of `Burgers`, n the direction."""
        return ExactSolution(_plane_wave, (self.viscosity, direction), space_of(domain, self.names, self.dim))


def _plane_wave(x, viscosity, direction):
    n = jnp.asarray(direction, x.dtype)
    return n * _cole_hopf(jnp.stack([n @ x[:-1], n @ n * x[-1]]), viscosity)
