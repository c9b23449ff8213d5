"""Reacting populations: hunters and prey, and a stiff chain of chemical reactions."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from .ode import AbstractODE, Scalar


class LotkaVolterra(AbstractODE):
    """Prey x' = alpha x - beta x y and hunters y' = -delta y + gamma x y, all rates in 1 / time."""

    names: ClassVar[tuple[str, ...]] = ("prey", "hunters")
    start: ClassVar[tuple[float, ...]] = (1.0, 1.0)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((0.5, 2.0), (0.5, 2.0))
    alpha: Scalar = 1.5
    beta: Scalar = 1.0
    gamma: Scalar = 1.0
    delta: Scalar = 3.0

    def vector_field(self, t: Scalar, y: Float[Array, " 2"], args: Any = None) -> Float[Array, " 2"]:
        """Growth of prey and of hunters."""
        prey, hunters = y
        return jnp.stack([prey * (self.alpha - self.beta * hunters), hunters * (self.gamma * prey - self.delta)])

    def conserved(self, y: Float[Array, " 2"]) -> dict[str, Float[Array, ""]]:
        """V = gamma x - delta log(x) + beta y - alpha log(y), which has its least value where nothing changes."""
        prey, hunters = y
        orbit = self.gamma * prey - self.delta * jnp.log(prey) + self.beta * hunters - self.alpha * jnp.log(hunters)
        return {"orbit": orbit}


class Robertson(AbstractODE):
    """Three concentrations: a -> b slow, 2 b -> b + c very fast, b + c -> a + c fast (Robertson 1966); stiff.

    a' = -slow a + fast b c,  b' = slow a - fast b c - fastest b^2,  c' = fastest b^2; rates in 1 / time. Their sum
    stays the same. Solved over times to 1e11 by implicit methods (Hairer & Wanner, Solving ODEs II, section IV.1).
    """

    names: ClassVar[tuple[str, ...]] = ("a", "b", "c")
    start: ClassVar[tuple[float, ...]] = (1.0, 0.0, 0.0)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((0.8, 1.2), (0.0, 1e-5), (0.0, 0.1))
    slow: Scalar = 0.04
    fast: Scalar = 1e4
    fastest: Scalar = 3e7

    def vector_field(self, t: Scalar, y: Float[Array, " 3"], args: Any = None) -> Float[Array, " 3"]:
        """The three rates."""
        a, b, c = y
        forth, back, on = self.slow * a, self.fast * b * c, self.fastest * b**2
        return jnp.stack([back - forth, forth - back - on, on])

    def conserved(self, y: Float[Array, " 3"]) -> dict[str, Float[Array, ""]]:
        """The sum of the concentrations."""
        return {"sum": y.sum()}
