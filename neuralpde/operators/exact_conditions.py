"""Boundary and initial values that the output of an operator takes exactly, whatever its parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractBoundaryCondition, Box, Dirichlet, Field, Free, FunctionSpace, Periodic
from neuralpde.spaces.boundary import Datum, datum_at

Initial = Datum | Literal["input"]
Data = Callable[[Float[Array, " d"], Field], Float[Array, " c"]]
"""Values on a side, which may depend on the operator's input."""


class ExactConditions(eqx.Module):
    """``v(x) <- G(x) + phi(x) v(x)``: the Dirichlet conditions of ``space`` and an initial value are met exactly.

    phi is zero on the sides with a condition and positive inside. On a box it is the product over the axes of s, 1 - s
    or 4 s (1 - s), s in [0, 1] along the axis; on other shapes the distance to the boundary. G takes the data on all
    sides; on a box it is their transfinite interpolation (Gordon & Hall, Numer. Math. 21 (1973) 109), linear between
    two opposite sides. Data have to agree where two sides meet; where they do not, the later axis prevails.

    ``initial`` is what holds at the lower end of the axis ``t`` of the target: a number, one number a component, a
    function of x, or ``"input"`` for the operator's input itself. Conditions are met in the units of the operator's
    output, so `Normalized` refuses to scale it.

    Raises ``ValueError`` where ``space`` has other conditions than `Dirichlet`, `Periodic` and `Free` (they are the
    loss's business), where there is nothing to meet, and for an initial value without an axis t.
    """

    space: FunctionSpace = eqx.field(static=True)
    initial: Initial | None = eqx.field(static=True)

    def __init__(self, space: FunctionSpace, initial: Initial | None = None):
        self.space, self.initial = space, initial
        if initial is not None and not (isinstance(space.domain, Box) and "t" in space.domain.names):
            raise ArgumentError(f"An initial value needs a box with an axis 't', the target lives on {space.domain}.")
        if not any(side for axis in self._sides() for side in axis):
            raise ArgumentError(f"{space.names} has no Dirichlet condition and no initial value was given: {space}.")

    def __call__(self, x: Float[Array, " d"], v: Float[Array, " c"], u: Field) -> Float[Array, " c"]:
        """The value at ``x`` made from the raw one, for the input ``u``."""
        condition = Dirichlet(lambda y: self._data(y, u))
        return condition.lift(lambda _: v, self._distance)(x).astype(v.dtype)

    def _sides(self) -> list[tuple[Data | None, Data | None]]:
        sides = [[_data_on(side) for side in pair] for pair in self.space.boundary]
        if self.initial is not None:
            sides[self.space.domain.names.index("t")][0] = self._initial_value
        return [(lower, upper) for lower, upper in sides]

    def _initial_value(self, x: Float[Array, " d"], u: Field) -> Float[Array, " c"]:
        if self.initial is not None and self.initial != "input":
            return datum_at(self.initial, x)
        keeps_time = u.space.domain.names == self.space.domain.names
        place = x if keeps_time else jnp.delete(x, self.space.domain.names.index("t"), assume_unique_indices=True)
        return u.at(place[None])[0]

    def _data(self, x: Float[Array, " d"], u: Field) -> Float[Array, " c"]:
        box, sides = self.space.domain, self._sides()
        if not isinstance(box, Box):
            return next(side for pair in sides for side in pair if side)(x, u)
        value = lambda y: jnp.zeros(self.space.channels, x.dtype)
        for axis, pair in enumerate(sides):
            value = _blended(value, box, axis, [side and _of(side, u) for side in pair])
        return value(x)

    def _distance(self, x: Float[Array, " d"]) -> Float[Array, ""]:
        box = self.space.domain
        if not isinstance(box, Box):
            return -box.distance(x)
        s = (box.normalize(x) + 1) / 2
        factors = [
            {(True, True): 4 * s[i] * (1 - s[i]), (True, False): s[i], (False, True): 1 - s[i]}.get(
                (lower is not None, upper is not None), 1.0
            )
            for i, (lower, upper) in enumerate(self._sides())
        ]
        return jnp.asarray(math.prod(factors))


def _data_on(side: AbstractBoundaryCondition) -> Data | None:
    if isinstance(side, Dirichlet):
        return lambda x, u: datum_at(side.g, x)
    if isinstance(side, Periodic | Free):
        return None
    raise ArgumentError(
        f"ExactConditions meets Dirichlet conditions and initial values, the target has {side}; make that side Free() "
        "and put the condition into the loss."
    )


def _of(side: Data, u: Field) -> Callable[[Array], Array]:
    return lambda x: side(x, u)


def _blended(value: Callable, box: Box, axis: int, pair: list[Callable | None]) -> Callable:
    """``value`` corrected to take the data of the two ends of an axis; where it agrees with them it is kept."""
    lower, upper = pair

    def blended(x):
        s = (x[axis] - box.lower[axis]) / box.extents[axis]
        total = value(x)
        for side, end, weight in ((lower, box.lower[axis], 1 - s), (upper, box.upper[axis], s)):
            if side is not None:
                y = x.at[axis].set(end)
                alone = lower is None or upper is None
                total = total + (side(y) - value(y)) * (1.0 if alone else weight)
        return total

    return blended
