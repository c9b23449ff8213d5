"""Conditions that a function meets exactly, whatever its network: by distances to boundaries and by transforms.

Functions that are periodic by construction come from `neuralpde.nn.PeriodicFeatures`.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.nn import Frozen
from neuralpde.spaces import (
    AbstractBoundaryCondition,
    AbstractFunction,
    Free,
    FunctionSpace,
    Periodic,
    TaylorSeries,
    Value,
    propagate,
)
from neuralpde.spaces.boundary import datum_at

from .distances import Distance
from .unknowns import along


class Constrained(AbstractFunction):
    """``value(x) + factor(x) u(x)``: equal to ``value`` where ``factor`` is zero.

    value: a number, one number a component, or a function of x. factor: `distance_to_boundary`, `distance_to_side`, a
    product of such, or any function to scalars. Neither is trained, whatever arrays it holds.
    """

    u: AbstractFunction
    value: Frozen = eqx.field(converter=Frozen)
    factor: Frozen = eqx.field(converter=Frozen)

    @property
    def space(self) -> FunctionSpace:
        """That of u."""
        return self.u.space

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        return _datum(self.value.value, x) + propagate(self.factor.value, x) * propagate(self.u, x)


class Lifted(AbstractFunction):
    """u changed so that it meets a `Dirichlet`, `Neumann` or `Robin` condition on the zero set of a distance.

    distance: zero on the side, with an inward derivative of one there: `distance_to_boundary`, `distance_to_side`. Fluxes
    are met where the boundary is smooth. Raises ``ValueError`` for conditions that ask nothing.
    """

    u: AbstractFunction
    condition: AbstractBoundaryCondition = eqx.field(static=True)
    distance: Distance

    def __check_init__(self):
        if isinstance(self.condition, Periodic | Free):
            raise ArgumentError(f"{self.condition} asks nothing that a distance could enforce.")

    @property
    def space(self) -> FunctionSpace:
        """That of u."""
        return self.u.space

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.condition.lift(self.u, self.distance)(x)


class Started(AbstractFunction):
    """``value + s u``, or with a rate ``value + s rate + s^2 u``, s = t - t_0: exact at the beginning.

    value, rate: a number, one number a component, a function of the point (x, t), or an `AbstractFunction` of some of the
    coordinates; neither is trained. With a ``rate`` neither may depend on t; without one ``value`` may, and its beginning
    is what u begins with. Raises ``ValueError`` where u has no axis t.
    """

    u: AbstractFunction
    value: Frozen
    rate: Frozen
    axis: int = eqx.field(static=True)

    def __init__(self, u: AbstractFunction, value: Any, rate: Any = None, axis: str = "t"):
        names = u.space.domain.names
        if axis not in names:
            raise ArgumentError(f"Started needs a function of {axis!r}, got one of {names}.")
        self.u, self.value, self.rate = u, Frozen(along(value, names)), Frozen(along(rate, names))
        self.axis = names.index(axis)

    @property
    def space(self) -> FunctionSpace:
        """That of u."""
        return self.u.space

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        s = x[self.axis] - self.space.domain.bounds.lower[self.axis]
        value, rate = self.value.value, self.rate.value
        if rate is None:
            return _datum(value, x) + s * propagate(self.u, x)
        return _datum(value, x) + s * _datum(rate, x) + s**2 * propagate(self.u, x)


@dataclasses.dataclass(frozen=True, eq=False)
class Begins:
    """The ansatz ``Started(form(u), value, rate)``; `window` puts the end of the window before in the place of the beginning.

    form: what makes of a function one that meets other conditions, such as those of walls.
    """

    value: Any
    rate: Any = None
    form: Callable[[AbstractFunction], AbstractFunction] = lambda u: u

    def __call__(self, u: AbstractFunction) -> AbstractFunction:
        return Started(self.form(u), self.value, self.rate)


def _datum(g: Any, x: Value) -> Value:
    """Data at a point, or their series."""
    if not isinstance(x, TaylorSeries):
        return datum_at(g, x)
    if hasattr(g, "propagate"):
        return g.propagate(x)
    return propagate(lambda y: datum_at(g, y), x) if callable(g) else TaylorSeries.constant(datum_at(g, x.value))


def product(*factors: Distance) -> Callable[[Float[Array, " d"]], Float[Array, ""]]:
    """The product of factors: zero where one of them is."""
    return lambda x: functools.reduce(operator.mul, [factor(x) for factor in factors])
