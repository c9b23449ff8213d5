"""The Poisson equation."""

from __future__ import annotations

from jaxtyping import Array, Float

from .darcy import Darcy
from .equation import AbstractEquation, Coefficient, PointFunction


class Poisson(AbstractEquation):
    """Poisson equation  -Laplace(u) = f.

    source: f(x), a function of one component or a number.
    """

    source: Coefficient = 1.0

    @property
    def coefficient(self) -> float:
        """The equation is Darcy's with coefficient one."""
        return 1.0

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """-Laplace(u) - f at ``x``."""
        return Darcy(self.coefficient, self.source).residual(u, x)
