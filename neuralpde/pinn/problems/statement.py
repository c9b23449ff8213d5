"""The two ways to state zero walls and a beginning: exactly, by the form of the function, or as conditions."""

from __future__ import annotations

from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from neuralpde.pinn.conditions import Boundary, Initial
from neuralpde.pinn.conditions.boundary import TIME
from neuralpde.pinn.constraints import Begins, Constrained
from neuralpde.spaces import AbstractFunction, Box, Dirichlet, Value


class Bubble(eqx.Module):
    """``prod_i (1 - xi_i^2)`` over the walls of a box, xi in [-1, 1]: smooth, zero on all of them, one in the middle."""

    domain: Box = eqx.field(static=True)

    @property
    def walls(self) -> tuple[int, ...]:
        """Axes with walls: those that are neither periodic nor time."""
        return tuple(i for i, axis in enumerate(self.domain.axes) if not axis.periodic and axis.name != TIME)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, ""]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        xi = self.domain.normalize(x)
        first, *others = (1 - xi[i] ** 2 for i in self.walls)
        for factor in others:
            first = first * factor
        return first


def zero_walls(domain: Box, hard: bool, start: Any = None, rate: Any = None) -> dict[str, Any]:
    """Arguments of `Problem` that state u = 0 on the walls of a box, if it has any, and u = start, u_t = rate at t = 0.

    Hard: ``start + s d u``, with a rate ``start + s rate + s^2 d u``, d the `Bubble` of the walls (one without walls)
    and s = t - t_0; ``start`` and ``rate`` have to be zero on the walls themselves. Soft: as conditions.
    """
    bubble = Bubble(domain)
    if not hard:
        walls = [Boundary(Dirichlet(0.0))] if bubble.walls else []
        return {"conditions": walls if start is None else [*walls, Initial(start, rate)]}

    def form(u: AbstractFunction) -> AbstractFunction:
        return Constrained(u, 0.0, bubble) if bubble.walls else u

    return {"ansatz": form if start is None else Begins(start, rate, form)}
