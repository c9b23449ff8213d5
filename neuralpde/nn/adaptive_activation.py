"""Activations with trained slopes (Jagtap, Kawaguchi & Karniadakis, Proc. R. Soc. A 476 (2020) 20200334)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Value, propagate

from .coordinate_network import AbstractCoordinateNetwork, Chain
from .mlp import dense


class AdaptiveActivation(AbstractCoordinateNetwork):
    """``s(n a x)`` with a fixed scale n >= 1 and trained slopes a, one or one a neuron, that start at 1 / n.

    Gradient steps change the slope n a of the activation n times faster than a itself.
    """

    a: Float[Array, " slopes"]
    n: float = eqx.field(static=True)
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(self, slopes: int = 1, n: float = 10.0, activation: Callable[[Array], Array] = jnp.tanh):
        if n < 1:
            raise ArgumentError(f"AdaptiveActivation wants a scale n >= 1 of its slopes, got n={n}.")
        self.a, self.n, self.activation = jnp.full(slopes, 1 / n), n, activation

    def propagate(self, x: Value) -> Value:
        return propagate(self.activation, self.n * self.a * x)


def adaptive_mlp(
    in_size: int,
    out_size: int,
    *,
    width: int,
    depth: int,
    activation: Callable[[Array], Array] = jnp.tanh,
    n: float = 10.0,
    by_neuron: bool = False,
    key: PRNGKeyArray,
) -> Chain:
    """A multilayer perceptron with an `AdaptiveActivation` after each of its ``depth`` hidden layers (L-LAAF), or for
    each neuron of them (N-LAAF); weights start as Glorot's, biases at zero.
    """
    sizes = (in_size, *(width,) * depth, out_size)
    keys = jax.random.split(key, depth + 1)
    parts = []
    for i, o, k in zip(sizes[:-1], sizes[1:], keys, strict=True):
        parts += [dense(i, o, key=k), AdaptiveActivation(o if by_neuron else 1, n, activation)]
    return Chain(*parts[:-1])


def slope_recovery(network: Any) -> Float[Array, ""]:
    """``1 / mean_k exp(mean a^k)`` over the adaptive activations k of a network: added to a loss, it drives slopes up.

    Raises ``ValueError`` where the network has none.
    """
    is_adaptive = lambda node: isinstance(node, AdaptiveActivation)
    found = [node for node in jax.tree.leaves(network, is_leaf=is_adaptive) if is_adaptive(node)]
    if not found:
        raise ArgumentError("slope_recovery reads the slopes of AdaptiveActivation layers, and the network has none.")
    return 1 / jnp.mean(jnp.stack([jnp.exp(jnp.mean(node.a)) for node in found]))
