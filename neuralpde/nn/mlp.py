"""Multilayer perceptrons with the initialisations that the field's papers use."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

Activation = Callable[[Array], Array]


def mlp(
    in_size: int,
    out_size: int,
    *,
    width: int,
    depth: int,
    activation: Activation = jax.nn.gelu,
    final_activation: Activation | None = None,
    initializer: Callable = jax.nn.initializers.glorot_normal(),
    key: PRNGKeyArray,
) -> eqx.nn.MLP:
    """An `equinox.nn.MLP` with ``depth`` hidden layers, weights from ``initializer`` and zero biases."""
    key_net, key_init = jax.random.split(key)
    options = {} if final_activation is None else {"final_activation": final_activation}
    net = eqx.nn.MLP(in_size, out_size, width, depth, activation, key=key_net, **options)
    keys = jax.random.split(key_init, len(net.layers))
    # equinox stores weights as (out, in); initialisers expect (in, out).
    weights = [initializer(k, layer.weight.shape[::-1], float).T for k, layer in zip(keys, net.layers, strict=True)]
    net = eqx.tree_at(lambda n: [layer.weight for layer in n.layers], net, weights)
    return eqx.tree_at(lambda n: [layer.bias for layer in n.layers], net, replace_fn=jnp.zeros_like)
