"""What an equation and its conditions say of an operator's answers, at points drawn anew in every step.

Wang, Wang & Perdikaris, "Learning the solution operator of parametric partial differential equations with
physics-informed DeepONets", Science Advances 7 (2021) eabi8605.
"""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc
import dataclasses
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations import AbstractEquation
from neuralpde.operators import AbstractOperator
from neuralpde.spaces import AbstractDiscretization, AbstractFunction, Box, Field, Free, FunctionSpace, Periodic

from .failures import TrainingArgumentError


class AbstractPhysics(eqx.Module):
    """One term of a loss without labels: ``weight`` times a number that is zero, or least, for the exact operator."""

    weight: eqx.AbstractVar[float]

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """Of the term in the metrics."""

    @abc.abstractmethod
    def __call__(
        self, operator: AbstractOperator, u: Field, on: AbstractDiscretization, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        """The term for the answer to one input ``u``; grids of answers are ``on``, points are drawn with ``key``."""


class PointwiseResidual(AbstractPhysics):
    """Mean over random points of the square of `AbstractEquation.residual`, by automatic differentiation.

    ``argument`` is the parameter of the equation that the input function is: ``forcing``, ``source``. Where the equation
    is asked for it between sensors, the input is interpolated. For operators that are smooth functions of a point, such
    as DeepONet; others answer on a grid, see `EvolutionResidual` and `EllipticResidual`. A normaliser of the output should
    be one number a channel: statistics that are interpolated between points have derivatives of their own.
    """

    equation: AbstractEquation
    argument: str | None = eqx.field(static=True, default=None)
    points: int = eqx.field(static=True, default=64)
    weight: float = eqx.field(static=True, default=1.0)

    def __check_init__(self):
        check_argument(self.equation, self.argument)

    @property
    def name(self) -> str:
        """residual"""
        return "residual"

    def __call__(self, operator, u, on, key):
        equation, v = stated(self.equation, self.argument, u), operator.as_function(u)
        x = operator.target.domain.sample(key, self.points)
        residuals = jax.vmap(lambda y: equation.residual(v, y))(x)
        return jnp.mean(jnp.sum(jnp.abs(residuals) ** 2, axis=-1))


def _hashable(entries: Any) -> Any:
    return tuple(map(_hashable, entries)) if isinstance(entries, list | tuple) else entries


class SideConditions(AbstractPhysics):
    """Mean over random points of each side of the square of what its condition lacks, summed over the sides.

    The conditions are those of the target's space, which count the beginning of a time axis as a side; ``conditions``,
    given like the boundary of a `FunctionSpace`, replaces them. Sides that are `Free` or `Periodic` say nothing.
    """

    conditions: Any = eqx.field(static=True, default=None, converter=_hashable)
    points: int = eqx.field(static=True, default=16)
    weight: float = eqx.field(static=True, default=1.0)

    @property
    def name(self) -> str:
        """sides"""
        return "sides"

    def __call__(self, operator, u, on, key):
        v = operator.as_function(u)
        sides = self._sides(operator.target)
        keys = jax.random.split(key, len(sides))
        box = operator.target.domain.bounds
        return sum((self._lack(v, box, *side, k) for side, k in zip(sides, keys, strict=True)), jnp.zeros(()))

    def _sides(self, target: FunctionSpace) -> list[tuple[int, bool, Any]]:
        """Axis, whether it is the upper end, and condition."""
        if not isinstance(target.domain, Box):
            raise TrainingArgumentError(
                f"SideConditions knows the sides of boxes, the target lives on {target.domain}."
            )
        space = target if self.conditions is None else FunctionSpace(target.domain, target.names, self.conditions)
        sides = [(axis, bool(end), pair[end]) for axis, pair in enumerate(space.boundary) for end in (0, 1)]
        stated = [side for side in sides if not isinstance(side[2], Free | Periodic)]
        if not stated:
            raise TrainingArgumentError(
                f"SideConditions: all sides of the target {target.names} are free or periodic; leave this term out, or "
                "state `conditions`, one entry an axis."
            )
        return stated

    def _lack(self, v: AbstractFunction, box: Box, axis: int, upper: bool, condition: Any, key: PRNGKeyArray):
        x = box.sample(key, self.points if box.dim > 1 else 1)
        x = x.at[:, axis].set((box.upper if upper else box.lower)[axis])
        normal = jnp.zeros(box.dim, x.dtype).at[axis].set(1.0 if upper else -1.0)
        lacks = jax.vmap(lambda y: condition.residual(v, y, normal))(x)
        return jnp.mean(jnp.sum(lacks**2, axis=-1))


class InitialState(AbstractPhysics):
    """Mean over random points of ``|v(x, t_0) - u(x)|^2``: the input is the state at the beginning of the last axis.

    The input is a function of space, or of space and time (datasets with ``extend``).
    """

    points: int = eqx.field(static=True, default=64)
    weight: float = eqx.field(static=True, default=1.0)

    @property
    def name(self) -> str:
        """initial"""
        return "initial"

    def __call__(self, operator, u, on, key):
        v, box = operator.as_function(u), operator.target.domain.bounds
        x = box.sample(key, self.points).at[:, -1].set(box.lower[-1])
        begun = u.at(x[:, : u.space.dim])
        return jnp.mean(jnp.sum((jax.vmap(v)(x) - begun) ** 2, axis=-1))


def check_argument(equation: AbstractEquation, argument: str | None) -> None:
    """Raises `TrainingArgumentError` where an equation has no such parameter."""
    known = [field.name for field in dataclasses.fields(equation)]
    if argument is not None and argument not in known:
        raise TrainingArgumentError(
            f"argument={argument!r}: {type(equation).__name__} has the parameters {', '.join(known)}; name the one that the "
            "input function is."
        )


def stated(equation: AbstractEquation, argument: str | None, u: Field) -> AbstractEquation:
    """The equation with the input in the place of one of its parameters."""
    return equation if argument is None else dataclasses.replace(equation, **{argument: u})


def check_names(terms: Sequence[AbstractPhysics]) -> None:
    """Raises `TrainingArgumentError` where there is no term, or two terms of one name."""
    names = [term.name for term in terms]
    if not names or len(set(names)) != len(names):
        raise TrainingArgumentError(f"A physics-informed task needs terms of different names, got {names}.")
