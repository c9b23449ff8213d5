"""Multilayer perceptrons with the initialisations that the field's papers use."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

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


def dense(
    in_size: int,
    out_size: int,
    *,
    initializer: Callable = jax.nn.initializers.glorot_normal(),
    use_bias: bool = True,
    key: PRNGKeyArray,
) -> eqx.nn.Linear:
    """An `equinox.nn.Linear` with weights from ``initializer`` and zero bias."""
    layer = eqx.nn.Linear(in_size, out_size, use_bias=use_bias, key=key)
    # equinox stores weights as (out, in); initialisers expect (in, out).
    layer = eqx.tree_at(lambda n: n.weight, layer, initializer(key, (in_size, out_size), layer.weight.dtype).T)
    return eqx.tree_at(lambda n: n.bias, layer, jnp.zeros_like(layer.bias)) if use_bias else layer


class LayerStates(eqx.Module):
    """A multilayer perceptron without output layer: ``depth`` activated layers, of which the ``last`` ones are given.

    Weights begin with variance 1/(3 inputs): activations like `tanh_sin` have a slope of 2.1 at zero, and with the usual
    1/inputs near inputs would part from layer to layer until nothing can be told of inputs that were not trained on.
    """

    layers: tuple[eqx.nn.Linear, ...]
    activation: Activation = eqx.field(static=True)
    last: int = eqx.field(static=True)

    def __init__(self, in_size: int, *, width: int, depth: int, last: int, activation: Activation, key: PRNGKeyArray):
        if not 1 <= last <= depth:
            raise ArgumentError(f"LayerStates has depth={depth} layers and cannot give the last={last} of them.")
        gentle = jax.nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
        net = mlp(in_size, width, width=width, depth=depth - 1, activation=activation, initializer=gentle, key=key)
        self.layers = net.layers
        self.activation, self.last = activation, last

    def __call__(self, x: Float[Array, " i"]) -> Float[Array, "last width"]:
        states = []
        for layer in self.layers:
            x = self.activation(layer(x))
            states.append(x)
        return jnp.stack(states[-self.last :])
