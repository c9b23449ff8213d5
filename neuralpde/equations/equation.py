"""What a differential equation offers: one definition for solvers, PINNs and physics-informed operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from neuralpde.spaces import AbstractFunction, Field

PointFunction = Callable[[Float[Array, " d"]], Float[Array, " c"]]
Coefficient = AbstractFunction | Float[Array, ""] | float | int


def coefficient_at(coefficient: Coefficient | PointFunction, x: Float[Array, " d"]) -> Float[Array, ""]:
    """The one component of a coefficient at a point; a number is the same everywhere."""
    return coefficient(x)[0] if callable(coefficient) else jnp.asarray(coefficient, x.dtype)


class AbstractEquation(eqx.Module):
    """A differential equation with its parameters as fields of the class.

    An equation offers whichever of these it has, and raises ``NotImplementedError`` for the others:

    - `residual`: left minus right hand side at a point, for a function that can be differentiated there;
    - `tendency`: the time derivative of a field on its own discretisation (method of lines);
    - `invariants`: what the equation conserves;
    - `exact`: a known solution.

    The points of an evolution equation are those of space and time, time last: ``x = (x_1, ..., x_d, t)``, as on
    the domain ``box * Box.of(t=(0, T))``. A field is a state at one time, with the components ``names``.
    """

    names: ClassVar[tuple[str, ...]] = ("u",)
    """Components of the solution, in order."""

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Inexact[Array, " equations"]:
        """Left minus right hand side at the point ``x``; zero where ``u`` solves the equation."""
        raise self._lacks("a pointwise residual")

    def tendency(self, u: Field) -> Field:
        """Time derivative of ``u``."""
        raise self._lacks("a tendency")

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Integrals of a state that stay constant in time where nothing passes the walls, by name."""
        return {}

    def exact(self) -> AbstractFunction:
        """A solution in closed form."""
        raise self._lacks("an exact solution")

    def _lacks(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"The equation {type(self).__name__} has not got {what}.")
