"""Random weight factorisation (Wang, Wang, Seidman & Perdikaris, 2022, arXiv 2210.01274)."""

from __future__ import annotations

from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import Value

from .coordinate_network import AbstractCoordinateNetwork

Network = TypeVar("Network")


class FactorizedLinear(AbstractCoordinateNetwork):
    """``y = diag(exp(s)) V x + b`` with s, V and b all trained: each neuron has a step length of its own.

    ``s ~ N(mean, deviation^2)``, and V such that it starts as the ``linear`` layer.
    """

    V: Float[Array, "o i"]
    s: Float[Array, " o"]
    bias: Float[Array, " o"] | None

    def __init__(self, linear: eqx.nn.Linear, mean: float = 1.0, deviation: float = 0.1, *, key: PRNGKeyArray):
        W = linear.weight
        self.s = mean + deviation * jax.random.normal(key, (len(W),), W.dtype)
        self.V = W / jnp.exp(self.s)[:, None]
        self.bias = linear.bias

    def propagate(self, x: Value) -> Value:
        y = (jnp.exp(self.s)[:, None] * self.V) @ x
        return y if self.bias is None else y + self.bias


def factorized(network: Network, mean: float = 1.0, deviation: float = 0.1, *, key: PRNGKeyArray) -> Network:
    """``network`` with every `equinox.nn.Linear` replaced by a `FactorizedLinear` that starts as the same map."""
    is_linear = lambda node: isinstance(node, eqx.nn.Linear)
    nodes, structure = jax.tree.flatten(network, is_leaf=is_linear)
    keys = jax.random.split(key, len(nodes))
    replaced = [
        FactorizedLinear(node, mean, deviation, key=k) if is_linear(node) else node
        for node, k in zip(nodes, keys, strict=True)
    ]
    return jax.tree.unflatten(structure, replaced)
