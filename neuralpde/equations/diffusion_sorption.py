"""Diffusion of a solute that sorbs to the ground, of PDEBench (Takamoto et al., NeurIPS 2022)."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import AbstractDiscretization, AbstractPrior, Box, Dirichlet, Field, FunctionSpace, Robin

from .derivatives import partial, rate
from .diffusion import laplacian
from .equation import AbstractEquation, PointFunction


class DiffusionSorption(AbstractEquation):
    """R(u) u_t = diffusion u_xx on (0, 1), with the retardation of Freundlich's isotherm

        R(u) = 1 + (1 - porosity) / porosity * density * coefficient * exponent * (u + 1e-6)^(exponent - 1).

    u: concentration over solubility. diffusion: length^2 / time. density: mass of dry ground over volume. coefficient:
    volume over mass. At the left u = 1; at the right what arrives by diffusion leaves, ``u = -diffusion u_x``, the
    outlet with a velocity of one. (PDEBench's text has the opposite sign, for which the equation has solutions that
    grow without bound; its program has this one.) The program holds u = 1 at the point half a cell past the wall, here
    it is held at the wall.
    """

    diffusion: float = 5e-4
    porosity: float = 0.29
    density: float = 2880.0
    coefficient: float = 3.5e-4
    exponent: float = 0.874

    def retardation(self, u: Float[Array, " *n"]) -> Float[Array, " *n"]:
        """R(u), for u >= 0."""
        sorbed = (1 - self.porosity) / self.porosity * self.density * self.coefficient
        return 1 + sorbed * self.exponent * (u + 1e-6) ** (self.exponent - 1)

    def space(self) -> FunctionSpace:
        """Functions on (0, 1) under the conditions at the two ends."""
        return FunctionSpace(Box.cube(1), self.names, [(Dirichlet(1.0), Robin(1.0, self.diffusion))])

    def residual(self, u: PointFunction, x: Float[Array, " 2"]) -> Float[Array, " 1"]:
        """u_t - diffusion u_xx / R(u) at x = (x, t)."""
        return rate(u)(x) - self.diffusion * partial(u, 0, 2)(x) / self.retardation(u(x))

    def tendency(self, u: Field) -> Field:
        """diffusion u_xx / R(u) under the conditions of the field's space, such as `space`."""
        return u.with_values(self.diffusion * laplacian(u) / self.retardation(u.values))


class UniformConstant(AbstractPrior):
    """Constant functions whose value is uniform between two numbers, one draw for each component of the space."""

    space: FunctionSpace = eqx.field(static=True)
    low: float = eqx.field(static=True, default=0.0)
    high: float = eqx.field(static=True, default=0.2)

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One constant function."""
        values = jax.random.uniform(key, (self.space.channels,), minval=self.low, maxval=self.high)
        return Field(jnp.broadcast_to(values, (*on.shape, self.space.channels)), on, self.space)
