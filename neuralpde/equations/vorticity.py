"""Incompressible flow in two dimensions on a periodic box, in vorticity and streamfunction."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, Box, Field, FunctionSpace
from neuralpde.spaces.fourier import Fourier, Multiplier

from .derivatives import gradient, laplacian, rate
from .equation import PointFunction
from .exact import ExactSolution, space_of
from .semilinear import AbstractSemilinear, Nonlinearity, Parameter, is_zero


class Vorticity(AbstractSemilinear):
    """Vorticity equation  w_t + u . grad w = nu Laplace(w) - mu w + f  on a periodic rectangle.

    The velocity is u = (psi_y, -psi_x) with -Laplace(psi) = w, and both have mean zero: so must w.

    viscosity: nu. drag: mu >= 0. forcing: f(x, y), a function of one component, or None.
    """

    viscosity: Parameter
    drag: Parameter = 0.0
    forcing: AbstractFunction | None = None
    names: ClassVar[tuple[str, ...]] = ("w",)

    @property
    def axes(self) -> int:
        """Two."""
        return 2

    def symbol(self, fourier: Fourier) -> Multiplier:
        """-nu |k|^2 - mu"""
        return self.viscosity * fourier.laplacian() - self.drag

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """f - u . grad w, as  f + (d_yy - d_xx)(u v) + d_xy (u^2 - v^2)  with four transforms.

        Basdevant, J. Comput. Phys. 50 (1983) 209.
        """
        to_velocity = _velocity_multipliers(fourier)
        d_x, d_y = fourier.derivative(0), fourier.derivative(1)
        of_product = fourier.derivative(1, 2) - fourier.derivative(0, 2)
        of_difference = d_x * d_y
        forcing = None if self.forcing is None else fourier.analyse(self.forcing.sample(fourier.grid))

        def transport(w):
            u, v = (fourier.inverse(multiplier * w) for multiplier in to_velocity)
            found = of_product * fourier.forward(u * v) + of_difference * fourier.forward((u - v) * (u + v))
            return found if forcing is None else found + forcing

        return transport

    def velocity(self, w: Field) -> Field:
        """The velocity (u, v) of a vorticity."""
        fourier = self.transform(w)
        spectrum = fourier.analyse(w)
        components = jnp.concatenate([multiplier * spectrum for multiplier in _velocity_multipliers(fourier)])
        return fourier.synthesise(components, w.space.renamed("u", "v"))

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 2"]:
        """``w_t + u . grad w - nu Laplace(w) + mu w - f`` and ``Laplace(psi) + w``, for a function (w, psi).

        The vorticity alone does not tell the velocity at a point, so the function has the streamfunction too.
        """
        vorticity, streamfunction = (lambda y: u(y)[:1]), (lambda y: u(y)[1:])
        (w_x,), (w_y,) = gradient(vorticity)(x)
        (psi_x,), (psi_y,) = gradient(streamfunction)(x)
        forcing = 0.0 if self.forcing is None else self.forcing(x[:-1])[0]
        (w,), (w_t,) = vorticity(x), rate(vorticity)(x)
        linear = self.viscosity * laplacian(vorticity)(x)[0] - self.drag * w
        return jnp.stack([w_t + psi_y * w_x - psi_x * w_y - linear - forcing, laplacian(streamfunction)(x)[0] + w])

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Circulation, the integral of w; without viscosity, drag and forcing also energy and enstrophy, those of
        |u|^2 / 2 and w^2 / 2."""
        circulation = {"circulation": u.integral()[0]}
        if not (is_zero(self.viscosity) and is_zero(self.drag) and self.forcing is None):
            return circulation
        energy = (self.velocity(u) ** 2).integral().sum() / 2
        return {**circulation, "energy": energy, "enstrophy": (u**2).integral()[0] / 2}

    def exact(self, domain: Box, modes: tuple[int, int] = (1, 1)) -> AbstractFunction:
        """The Taylor-Green vortices ``cos(k_x x) cos(k_y y) exp(-(nu |k|^2 + mu) t)``, k_i = 2 pi modes_i / L_i.

        They are a solution without forcing.
        """
        if self.forcing is not None:
            raise self._lacks("an exact solution with forcing")
        k = tuple(2 * jnp.pi * m / length for m, length in zip(modes, domain.extents[:2], strict=True))
        return ExactSolution(_taylor_green, (self.viscosity, self.drag, k), space_of(domain, self.names, 2))


def _taylor_green(x, viscosity, drag, k):
    k = jnp.asarray(k, x.dtype)
    return (jnp.prod(jnp.cos(k * x[:2])) * jnp.exp(-(viscosity * k @ k + drag) * x[2]))[None]


def _velocity_multipliers(fourier: Fourier) -> tuple[Multiplier, Multiplier]:
    """From the vorticity to u = psi_y and v = -psi_x; the mean flow is zero."""
    laplace = fourier.laplacian()
    inverse = jnp.where(laplace == 0, 0.0, -1 / jnp.where(laplace == 0, 1.0, laplace))
    return fourier.derivative(1) * inverse, -fourier.derivative(0) * inverse


def diagonal_forcing(domain: Box, amplitude: Parameter = 0.1) -> AbstractFunction:
    """``amplitude (sin(2 pi (x + y)) + cos(2 pi (x + y)))`` on the unit square (Li et al., ICLR 2021, A.3.3)."""
    return ExactSolution(_diagonal, (amplitude,), FunctionSpace(domain, ("f",)))


def _diagonal(x, amplitude):
    phase = 2 * jnp.pi * (x[:1] + x[1:])
    return amplitude * (jnp.sin(phase) + jnp.cos(phase))


def kolmogorov_forcing(domain: Box, mode: int = 4, amplitude: Parameter = 1.0) -> AbstractFunction:
    """``-a k cos(k y)``: the curl of the force a sin(k y) along x, k = 2 pi mode / L_y."""
    k = 2 * jnp.pi * mode / domain.extents[1]
    return ExactSolution(_kolmogorov, (k, amplitude), FunctionSpace(domain, ("f",)))


def _kolmogorov(x, k, amplitude):
    return -amplitude * k * jnp.cos(k * x[1:])
