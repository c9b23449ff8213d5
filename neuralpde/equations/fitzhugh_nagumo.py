"""FitzHugh and Nagumo's reaction with diffusion in the plane (PDEBench's 2-D diffusion-reaction)."""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import AbstractDiscretization, AbstractPrior, Box, Field, FunctionSpace, Neumann

from . import derivatives
from .diffusion import laplacian
from .equation import AbstractEquation, PointFunction


class FitzHughNagumo(AbstractEquation):
    """u_t = activator Laplace(u) + u - u^3 - k - v,   v_t = inhibitor Laplace(v) + u - v,   no flux through walls.

    activator, inhibitor: diffusion coefficients of u and v, length^2 / time. Defaults and domain, (-1, 1)^2, are those
    of Takamoto et al., "PDEBench", NeurIPS 2022.
    """

    names: ClassVar[tuple[str, ...]] = ("u", "v")
    activator: float | Float[Array, ""] = 1e-3
    inhibitor: float | Float[Array, ""] = 5e-3
    k: float | Float[Array, ""] = 5e-3

    def reaction(self, values: Float[Array, "*n 2"]) -> Float[Array, "*n 2"]:
        """The right hand side without diffusion."""
        u, v = values[..., 0], values[..., 1]
        return jnp.stack([u - u**3 - self.k - v, u - v], axis=-1)

    def space(self) -> FunctionSpace:
        """Pairs of functions on (-1, 1)^2 without flux through the walls."""
        return FunctionSpace(Box.cube(2, -1.0, 1.0), self.names, Neumann(0.0))

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 2"]:
        """Left minus right hand side at x = (x_1, ..., x_n, t)."""
        return derivatives.rate(u)(x) - self._coefficients(x) * derivatives.laplacian(u)(x) - self.reaction(u(x))

    def tendency(self, u: Field) -> Field:
        """The right hand side under the conditions of the field's space, such as `space`; in any dimension."""
        return u.with_values(self._coefficients(u.values) * laplacian(u) + self.reaction(u.values))

    def _coefficients(self, like: Array) -> Float[Array, " 2"]:
        return jnp.stack([jnp.asarray(d, like.dtype) for d in (self.activator, self.inhibitor)])


class WhiteNoise(AbstractPrior):
    """Independent normal values at the points of a grid: another function on every grid, as in PDEBench's set."""

    space: FunctionSpace = eqx.field(static=True)
    sigma: float = eqx.field(static=True, default=1.0)

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One draw of mean zero and standard deviation ``sigma``."""
        return Field(self.sigma * jax.random.normal(key, (*on.shape, self.space.channels)), on, self.space)
