"""Quantities that a law asks for by name: unknown parameters, unknown coefficient functions, parameters of a family."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, FunctionSpace, Value, concatenate, propagate


class Positive(eqx.Module):
    """An unknown that stays positive: ``start * exp(raw)`` with ``raw`` trained from zero.

    The step of an optimiser then is a relative one, whatever the size of the quantity.
    """

    raw: Float[Array, "*shape"]
    start: Float[Array, "*shape"] | float = eqx.field(static=True)

    def __init__(self, start: float):
        if not start > 0:
            raise ArgumentError(f"Positive starts from a positive number, got {start}.")
        self.raw, self.start = jnp.zeros(()), float(start)

    @property
    def value(self) -> Float[Array, "*shape"]:
        """The quantity itself."""
        return self.start * jnp.exp(self.raw)


class Along(AbstractFunction):
    """A function of some of the coordinates, as a function of all of them: a coefficient of x in a problem of x and t."""

    function: AbstractFunction
    axes: tuple[int, ...] = eqx.field(static=True)

    @property
    def space(self) -> FunctionSpace:
        """That of the function."""
        return self.function.space

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        return propagate(self.function, concatenate([x[axis : axis + 1] for axis in self.axes]))


def along(law: Any, names: tuple[str, ...]) -> Any:
    """A function whose coordinates are fewer than ``names``, found among them; anything else as it is."""
    if not isinstance(law, AbstractFunction) or law.space.domain.names == names:
        return law
    own = law.space.domain.names
    if not set(own) <= set(names):
        raise ArgumentError(f"A function of the coordinates {own} has no meaning on a domain with the axes {names}.")
    return Along(law, tuple(names.index(name) for name in own))


def as_unknowns(unknowns: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as arrays, so that they are trained."""
    return {name: jax.tree.map(_array, value) for name, value in unknowns.items()}


def _array(leaf: Any) -> Any:
    return jnp.asarray(leaf, float) if isinstance(leaf, float | int) and not isinstance(leaf, bool) else leaf


def in_use(unknowns: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """What laws see of the unknowns: values of transformed ones, functions as functions of the coordinates ``names``."""
    values = {name: v.value if isinstance(v, Positive) else v for name, v in unknowns.items()}
    return {name: along(value, names) for name, value in values.items()}


def asked_by(law: Any, arguments: int) -> frozenset[str]:
    """Names of the quantities that can be put into a law.

    Of an equation these are its parameters, of a function those of its arguments that come after the first ``arguments``;
    a function of `neuralpde.spaces` asks for nothing.
    """
    if isinstance(law, AbstractFunction):
        return frozenset()
    if dataclasses.is_dataclass(law):
        return frozenset(field.name for field in dataclasses.fields(law) if field.init)
    if not callable(law):
        return frozenset()
    try:
        parameters = list(inspect.signature(law).parameters)
    except (TypeError, ValueError):  # compiled functions may not tell
        return frozenset()
    return frozenset(parameters[arguments:])


def put_in(law: Any, given: Mapping[str, Any], arguments: int) -> Any:
    """The law with those of the given quantities that it asks for."""
    wanted = {name: given[name] for name in asked_by(law, arguments) & given.keys()}
    if not wanted:
        return law
    return dataclasses.replace(law, **wanted) if dataclasses.is_dataclass(law) else functools.partial(law, **wanted)


def datum(g: Any, x: Float[Array, " d"], given: Mapping[str, Any]) -> Float[Array, " c"]:
    """Data at a point: a number, one number a component, or a function of x that may ask for quantities by name."""
    value = put_in(g, given, 1)(x) if callable(g) else g
    return jnp.atleast_1d(jnp.asarray(value, x.dtype))


def scalars(unknowns: PyTree) -> dict[str, Float[Array, ""]]:
    """The unknown numbers, for the log."""
    values = {name: v.value if isinstance(v, Positive) else v for name, v in unknowns.items()}
    return {name: v for name, v in values.items() if eqx.is_array(v) and v.ndim == 0}
