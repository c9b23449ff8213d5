"""Diffusion with a quadratic reaction and a given source, DeepONet's partial differential equation."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, Box, Dirichlet, Field, FunctionSpace

from .derivatives import partial, rate
from .diffusion import laplacian
from .equation import AbstractEquation, Coefficient, PointFunction


class ReactionDiffusion(AbstractEquation):
    """s_t = diffusion s_xx + rate s^2 + source(x), s = 0 at both ends of (0, 1) and at the beginning.

    diffusion: length^2 / time. rate: 1 / (time s). source: a function of x of one component, or a number. Defaults of
    Lu et al., Nature Machine Intelligence 3 (2021) 218. For rate > 0 and a large source solutions blow up.
    """

    names: ClassVar[tuple[str, ...]] = ("s",)
    source: Coefficient = 1.0
    diffusion: float | Float[Array, ""] = 0.01
    rate: float | Float[Array, ""] = 0.01

    def space(self) -> FunctionSpace:
        """Functions on (0, 1) that vanish at both ends."""
        return FunctionSpace(Box.cube(1), self.names, Dirichlet(0.0))

    def residual(self, u: PointFunction, x: Float[Array, " 2"]) -> Float[Array, " 1"]:
        """s_t - diffusion s_xx - rate s^2 - source at x = (x, t)."""
        source = self.source(x[:1]) if isinstance(self.source, AbstractFunction) else jnp.asarray(self.source, x.dtype)
        spread = self.diffusion * partial(u, 0, 2)(x)
        return rate(u)(x) - spread - self.rate * u(x) ** 2 - source

    def tendency(self, u: Field) -> Field:
        """The right hand side under the conditions of the field's space, such as `space`."""
        source = self.source
        if isinstance(source, AbstractFunction):
            source = source.resample(u.on).values if isinstance(source, Field) else source.sample(u.on).values
        return u.with_values(self.diffusion * laplacian(u) + self.rate * u.values**2 + source)
