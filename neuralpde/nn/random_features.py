"""Networks whose hidden layer is drawn once and stays: what is learned enters linearly."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from neuralpde.spaces import Value, propagate

from .coordinate_network import AbstractCoordinateNetwork, Chain
from .frozen import Frozen
from .mlp import dense


class RandomFeatures(AbstractCoordinateNetwork):
    """``s(W x + b)`` with entries of W and b uniform on [-scale, scale], which are not trained.

    For coordinates in [-1, 1]; s is the activation. A larger scale gives steeper features.
    """

    fixed: Frozen
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        in_size: int,
        count: int,
        scale: float = 1.0,
        activation: Callable[[Array], Array] = jnp.tanh,
        *,
        key: PRNGKeyArray,
    ):
        key_W, key_b = jax.random.split(key)
        W = jax.random.uniform(key_W, (count, in_size), minval=-scale, maxval=scale)
        self.fixed = Frozen((W, jax.random.uniform(key_b, (count,), minval=-scale, maxval=scale)))
        self.activation = activation

    def propagate(self, x: Value) -> Value:
        W, b = jax.lax.stop_gradient(self.fixed.value)
        return propagate(self.activation, W @ x + b)


def extreme_learning_machine(
    in_size: int,
    out_size: int,
    *,
    width: int,
    scale: float = 1.0,
    activation: Callable[[Array], Array] = jnp.tanh,
    key: PRNGKeyArray,
) -> Chain:
    """`RandomFeatures` and a linear head, the only part that is trained (Huang, Zhu & Siew, Neurocomputing 70 (2006) 489)."""
    key_features, key_head = jax.random.split(key)
    return Chain(
        RandomFeatures(in_size, width, scale, activation, key=key_features), dense(width, out_size, key=key_head)
    )
