"""Functions and layers of values, applied to Taylor series.

An object with a method ``propagate(x)`` offers this itself: for a `TaylorSeries` of its argument it gives that of its
value. Elementwise functions and the layers of equinox have rules here; for any other callable the coefficients come
from nested forward-mode differentiation, so that every function of a point can be asked.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Hashable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from .taylor import Order, TaylorSeries, Value, chain, solution, total

SeriesRule = Callable[[TaylorSeries], TaylorSeries]

_FUNCTIONS: dict[Hashable, SeriesRule] = {}
"""Of elementwise functions, by the function."""


def propagate(f: Callable[[Any], Any], x: Value) -> Value:
    """``f(x)``, for a value or for the series of one.

    Plain values are handed to ``f``; a series goes to the method ``propagate`` of ``f``, to the rule of a known function
    or layer, or through `composed`.
    """
    if not isinstance(x, TaylorSeries):
        return f(x)
    if hasattr(f, "propagate"):
        return f.propagate(x)
    if type(f) in _LAYERS:
        return _LAYERS[type(f)](f, x)
    rule = _rule_of(f)
    return composed(f, x) if rule is None else rule(x)


def _rule_of(f: Any) -> SeriesRule | None:
    try:
        return _FUNCTIONS.get(f)
    except TypeError:
        # An object that holds arrays is not hashable, and no function that is known here.
        return None


def has_rule(*functions: Callable[[Array], Array]) -> Callable[[SeriesRule], SeriesRule]:
    """Decorator: what it stands before is how elementwise functions act on series."""

    def register(rule: SeriesRule) -> SeriesRule:
        _FUNCTIONS.update(dict.fromkeys(functions, rule))
        return rule

    return register


def composed(f: Callable[[Array], Array], x: TaylorSeries) -> TaylorSeries:
    """The series of ``f(x(t))`` for any function f, by nested forward-mode differentiation.

    With q_i the i-th derivative of x(t), and D the derivative in t, ``D F(q_0, .., q_m) = sum_i dF/dq_i q_{i+1}``: n
    times D of f, over n!, is the coefficient of t^n. The cost of each order doubles that of the one before.
    """

    def rule(order: Order):
        # Of a sum over directions the highest coefficient is the part that is a sum itself.
        own = [x.coefficient(order.lower(i)) for i in range(1, order.degree + (not order.summed))]
        top = x.coefficient(order) if order.summed else None
        highest = max((i for i, c in enumerate(own, 1) if c is not None), default=0)
        terms = None
        if highest:
            zeros = jnp.zeros(x.coefficient_shape(order.lower(1)), x.dtype)
            q = tuple(zeros if c is None else math.factorial(i) * c for i, c in enumerate(own[:highest], 1))
            terms = jax.vmap(lambda *q: _derivative(f, order.degree)(x.value, *q))(*q) / math.factorial(order.degree)
        shift = None if top is None else jax.jvp(f, (x.value,), (top,))[1]
        return total([order.gathered(terms), shift])

    return TaylorSeries(f(x.value), rule)


def _derivative(f: Callable[[Array], Array], order: int) -> Callable[..., Array]:
    """D^order f, a function of q_0, q_1, ..., q_m; those after q_m are zero."""
    if order == 0:
        return lambda *q: f(q[0])
    lower = _derivative(f, order - 1)
    return lambda *q: jax.jvp(lambda *moving: lower(*moving, q[-1]), q[:-1], q[1:])[1]


@has_rule(jnp.exp)
def _exp(x):
    return solution(jnp.exp(x.value), lambda y: y, x)


@has_rule(jnp.tanh)
def _tanh(x):
    return solution(jnp.tanh(x.value), lambda y: 1 - y * y, x)


@has_rule(jax.nn.sigmoid)
def _sigmoid(x):
    return solution(jax.nn.sigmoid(x.value), lambda y: y * (1 - y), x)


@has_rule(jnp.sqrt)
def _sqrt(x):
    return solution(jnp.sqrt(x.value), lambda y: 0.5 / y, x)


@has_rule(jnp.log)
def _log(x):
    return solution(jnp.log(x.value), lambda y: 1 / x, x)


@has_rule(jnp.square)
def _square(x):
    return x * x


@has_rule(jnp.sin)
def _sin(x):
    return _sin_cos(x)[0]


@has_rule(jnp.cos)
def _cos(x):
    return _sin_cos(x)[1]


def _sin_cos(x: TaylorSeries) -> tuple[TaylorSeries, TaylorSeries]:
    sin = TaylorSeries(jnp.sin(x.value), lambda n: chain(cos, x, n))
    cos = TaylorSeries(jnp.cos(x.value), lambda n: chain(-sin, x, n))
    return sin, cos


@has_rule(jax.nn.silu)
def _silu(x):
    return x * _sigmoid(x)


@has_rule(jax.nn.gelu)
def _gelu_of_tanh(x):
    # The default of jax.nn.gelu is the approximation by a tanh.
    return 0.5 * x * (1 + _tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


# The identity that an MLP of equinox ends with has no public name.
@has_rule(inspect.signature(eqx.nn.MLP.__init__).parameters["final_activation"].default)
def _identity(x):
    return x


def _linear(layer: eqx.nn.Linear, x: TaylorSeries) -> TaylorSeries:
    if "scalar" in (layer.in_features, layer.out_features):
        return composed(layer, x)
    y = layer.weight @ x
    return y if layer.bias is None else y + layer.bias


def _mlp(net: eqx.nn.MLP, x: Value) -> Value:
    learned = jax.tree.leaves(eqx.filter((net.activation, net.final_activation), eqx.is_array))
    if learned or net.scan or net.out_size == "scalar":
        return composed(net, x)
    for layer in net.layers[:-1]:
        x = propagate(net.activation, propagate(layer, x))
    x = propagate(net.layers[-1], x)
    return propagate(net.final_activation, x) if net.depth else x


def _sequential(net: eqx.nn.Sequential, x: Value) -> Value:
    for layer in net.layers:
        x = propagate(layer, x)
    return x


_LAYERS: dict[type, Callable[[Any, TaylorSeries], Value]] = {
    eqx.nn.Identity: lambda layer, x: x,
    eqx.nn.Lambda: lambda layer, x: propagate(layer.fn, x),
    eqx.nn.Linear: _linear,
    eqx.nn.MLP: _mlp,
    eqx.nn.Sequential: _sequential,
}
"""Of the layers of equinox, by their class."""
