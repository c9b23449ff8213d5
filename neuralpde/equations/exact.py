"""Solutions in closed form."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, Axis, Box, FunctionSpace

Scalar = Float[Array, ""]


class ExactSolution(AbstractFunction):
    """A solution ``formula(x, *parameters)`` at points ``x = (x_1, ..., x_d, t)`` of space and time.

    The formula is a plain function; what may be traced or differentiated is among the parameters.
    """

    formula: Callable[..., Float[Array, " c"]] = eqx.field(static=True)
    parameters: tuple
    space: FunctionSpace = eqx.field(static=True)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.formula(x, *self.parameters)


def travelled(x: Float[Array, " d"], speed: Scalar | float, start: Scalar | float, axis: Axis) -> Scalar:
    """``x_1 - start - speed t``, on a periodic axis the distance to the nearest image of the moving point."""
    distance = x[0] - start - speed * x[-1]
    if not axis.periodic:
        return distance
    return distance - axis.length * jnp.round(distance / axis.length)


def space_of(domain: Box, names: tuple[str, ...], dim: int | None = None) -> FunctionSpace:
    """Functions on a box of space and time; ``ValueError`` where the solution wants another number of axes."""
    if dim is not None and domain.dim != dim + 1:
        raise ArgumentError(
            f"This solution lives in {dim} dimensions of space and time, the domain has the axes {domain.names}; "
            "give a box of space and time, as in space * Box.of(t=(0, 1))."
        )
    return FunctionSpace(domain, names)
