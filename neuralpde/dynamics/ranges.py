"""Physical quantities that networks give: positive, or within bounds, and at their nominal values where the network is zero."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import mlp
from neuralpde.nn.mlp import Activation


class AbstractRange(eqx.Module):
    """A map from all numbers to those that a quantity may be, from zero to its nominal value."""

    @abc.abstractmethod
    def __call__(self, x: Float[Array, ""]) -> Float[Array, ""]:
        """The quantity."""


class Between(AbstractRange):
    """``lower + (upper - lower) sigmoid(x + shift)``; the shift puts ``nominal`` at x = 0.

    Raises ``ArgumentError`` where the nominal value is not between the bounds.
    """

    lower: float = eqx.field(static=True)
    nominal: float = eqx.field(static=True)
    upper: float = eqx.field(static=True)

    def __check_init__(self):
        if not self.lower < self.nominal < self.upper:
            raise ArgumentError(
                f"Between wants lower < nominal < upper, got {self.lower}, {self.nominal} and {self.upper}."
            )

    def __call__(self, x: Float[Array, ""]) -> Float[Array, ""]:
        shift = math.log((self.nominal - self.lower) / (self.upper - self.nominal))
        return self.lower + (self.upper - self.lower) * jax.nn.sigmoid(x + shift)


class Positive(AbstractRange):
    """``nominal softplus(x + log(e - 1))``: grows like x, and never falls below zero.

    Raises ``ArgumentError`` where the nominal value is not positive.
    """

    nominal: float = eqx.field(static=True)

    def __check_init__(self):
        if not self.nominal > 0:
            raise ArgumentError(f"Positive wants a positive nominal value, got {self.nominal}.")

    def __call__(self, x: Float[Array, ""]) -> Float[Array, ""]:
        return self.nominal * jax.nn.softplus(x + math.log(math.e - 1))


class Decades(AbstractRange):
    """``nominal 10^(decades tanh(x))``: a factor whose logarithm is learned, such as a pre-exponential one.

    Raises ``ArgumentError`` where the nominal value or the decades are not positive.
    """

    nominal: float = eqx.field(static=True)
    decades: float = eqx.field(static=True)

    def __check_init__(self):
        if not (self.nominal > 0 and self.decades > 0):
            raise ArgumentError(f"Decades wants positive numbers, got {self.nominal} and {self.decades}.")

    def __call__(self, x: Float[Array, ""]) -> Float[Array, ""]:
        return self.nominal * 10 ** (self.decades * jnp.tanh(x))


class LearnedQuantities(eqx.Module):
    """Quantities q_i = range_i(net(mu)_i) of the parameters mu of an experiment, by name.

    ``size`` parameters, which should be of order one. The last layer begins at zero: all quantities have their nominal
    values before they are learned.
    """

    net: eqx.nn.MLP
    ranges: dict[str, AbstractRange]

    def __init__(
        self,
        size: int,
        ranges: Mapping[str, AbstractRange],
        *,
        width: int = 32,
        depth: int = 2,
        activation: Activation = jnp.tanh,
        key: PRNGKeyArray,
    ):
        net = mlp(size, len(ranges), width=width, depth=depth, activation=activation, key=key)
        self.net = eqx.tree_at(lambda n: n.layers[-1].weight, net, replace_fn=jnp.zeros_like)
        self.ranges = dict(ranges)

    def __call__(self, parameters: Float[Array, " size"]) -> dict[str, Float[Array, ""]]:
        """The quantities of ONE experiment."""
        raw = self.net(parameters)
        return {name: within(raw[i]) for i, (name, within) in enumerate(self.ranges.items())}
