"""What the DeepONet family shares: coefficients read off the input, times functions of the point, summed."""

from __future__ import annotations

import abc
import functools
import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import AbstractEncoder, PeriodicFeatures, Stacked, mlp
from neuralpde.spaces import AbstractDiscretization, AbstractFunction, Field, FunctionSpace, Points

from .exact_conditions import ExactConditions
from .operator import AbstractOperator, check_source

Conditions = Callable[[FunctionSpace], ExactConditions]
"""``ExactConditions``, or a partial of it with its initial value."""


class AbstractTrunk(eqx.Module):
    """Functions t_ck of a point: p of them for each component, or one row of p for all."""

    @abc.abstractmethod
    def __call__(self, x: Float[Array, " d"]) -> Float[Array, "rows p"]:
        """Their values at one point."""

    def sample(self, on: AbstractDiscretization, dtype: Any) -> Float[Array, "*n rows p"]:
        """Their values on a grid or a set of points."""
        value = self
        for _ in on.shape:
            value = jax.vmap(value)
        return value(on.coords().astype(dtype))


class NetworkTrunk(AbstractTrunk):
    """A network on the features of a point."""

    network: Callable[[Float[Array, " f"]], Array]
    features: PeriodicFeatures = eqx.field(static=True)
    rows: int = eqx.field(static=True)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, "rows p"]:
        return self.network(self.features(x)).reshape(self.rows, -1)


class FieldTrunk(AbstractTrunk):
    """Fields, stacked along a leading axis: known where they are sampled, interpolated elsewhere."""

    fields: Field

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, "c p"]:
        return jax.vmap(lambda field: field.at(x[None])[0], out_axes=-1)(self.fields)

    def sample(self, on: AbstractDiscretization, dtype: Any) -> Float[Array, "*n c p"]:
        place = jax.tree.map(lambda leaf: leaf[0], self.fields.on)
        interpolated = lambda: jax.vmap(lambda field: field.resample(on).values, out_axes=-1)(self.fields)
        if not (isinstance(on, Points) and isinstance(place, Points) and on.shape == place.shape):
            return interpolated().astype(dtype)
        # A fit through scattered values does not give them back: at its own points a field is left as it is.
        own = jnp.moveaxis(self.fields.values, 0, -1)
        return lax.cond(jnp.array_equal(on.x, place.x), lambda: own, interpolated).astype(dtype)


class Expansion(AbstractFunction):
    """The function ``v_c(y) = sum_k b_ck t_ck(y) + b_0c`` for one input u; then the exact conditions, if any.

    Where branch or trunk have a single row, all components share it.
    """

    b: Float[Array, "rows p"]
    trunk: AbstractTrunk
    b0: Float[Array, " c"]
    conditions: ExactConditions | None
    u: Field
    space: FunctionSpace = eqx.field(static=True)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        x = x.astype(self.b.dtype)
        v = _sum_of_products(self.b, self.trunk(x)) + self.b0
        return v if self.conditions is None else self.conditions(x, v, self.u)

    def sample(self, on: AbstractDiscretization) -> Field:
        values = _sum_of_products(self.b, self.trunk.sample(on, self.b.dtype)) + self.b0
        conditions = self.conditions
        if conditions is not None:
            meet = lambda x, v: conditions(x, v, self.u)
            for _ in on.shape:
                meet = jax.vmap(meet)
            values = meet(on.coords().astype(values.dtype), values)
        return Field(values, on, self.space)


class AbstractDeepONet(AbstractOperator):
    """An operator whose output is an `Expansion`: it answers at any point, and differentiably.

    Under ``vmap`` over functions an unbatched ``at`` is shared, and the trunk is evaluated once for all of them; a
    batched ``at`` (`Points` with a leading axis) gives each function its own queries.
    """

    @abc.abstractmethod
    def as_function(self, u: Field) -> Expansion:
        """The output as a smooth function of y: the branch is evaluated here, the trunk at each point."""

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        return self.as_function(u).sample(u.on if at is None else at)


def make_branch(
    branch: Callable | None,
    source: FunctionSpace,
    terms: int,
    *,
    width: int,
    depth: int,
    activation: Callable[[Array], Array],
    on: AbstractDiscretization | None,
    key: PRNGKeyArray,
) -> Callable:
    """A branch net of ``terms`` outputs: a multilayer perceptron on the sensors ``on``, or the one that is given.

    A class or a ``functools.partial`` is a constructor, completed as ``branch(source, terms, on=on, key=key)``.
    """
    if isinstance(branch, functools.partial | type):
        return branch(source, terms, on=on, key=key)
    if branch is not None:
        return branch
    if on is None:
        raise ArgumentError("DeepONet reads its input at sensors: pass on=Grid(...) or on=Points(...).")
    sensors = math.prod(on.shape) * source.channels
    return mlp(sensors, terms, width=width, depth=depth, activation=activation, key=key)


def encode(branch: Callable, u: Field) -> Array:
    """What a branch makes of an input: encoders see the field, networks its values one after the other."""
    if isinstance(branch, Stacked):
        return branch.each(lambda network: encode(network, u))
    return branch(u if isinstance(branch, AbstractEncoder) else u.values.reshape(-1))


def at_sensors(operator: AbstractOperator, u: Field, on: AbstractDiscretization | None) -> Field:
    """The input of the operator at its sensors; where it has none, as it is."""
    check_source(operator, u)
    return u if on is None else u.resample(on)


def trunk_features(target: FunctionSpace, harmonics: int) -> PeriodicFeatures:
    """What a trunk net sees of a point of the domain, or of its bounding box."""
    return PeriodicFeatures(target.domain.bounds, harmonics)


def _sum_of_products(b: Float[Array, "rows p"], t: Float[Array, "*n rows2 p"]) -> Float[Array, "*n c"]:
    if t.shape[-2] == 1:
        return jnp.einsum("cp,...p->...c", b, t[..., 0, :])
    if b.shape[0] == 1:
        return jnp.einsum("p,...cp->...c", b[0], t)
    return jnp.einsum("cp,...cp->...c", b, t)
