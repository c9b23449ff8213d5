"""The formulas of the DeepONet family, read once more: NumPy, one number at a time."""

import math

import numpy as np


def perceptron(net, x, activation, last=None):
    """Output of an `equinox.nn.MLP`; ``last`` activates its output layer."""
    for i, layer in enumerate(net.layers):
        x = linear(layer, x)
        act = last if i == len(net.layers) - 1 else activation
        x = x if act is None else [act(v) for v in x]
    return x


def states(net, x, activation):
    """The activated states of all layers."""
    found = []
    for layer in net.layers:
        x = [activation(v) for v in linear(layer, x)]
        found.append(x)
    return found


def linear(layer, x):
    weight, bias = np.asarray(layer.weight), np.asarray(layer.bias)
    return [bias[i] + sum(weight[i, j] * x[j] for j in range(len(x))) for i in range(len(bias))]


def tanh_sin(x):
    return math.tanh(math.sin(math.pi * (x + 1))) + x


def features(x, lower, upper, periodic, harmonics):
    """cos and sin of 2 pi k (x - a) / L on periodic axes, 2 (x - a) / L - 1 on the others."""
    found = []
    for value, a, b, wraps in zip(x, lower, upper, periodic, strict=True):
        s = (value - a) / (b - a)
        if wraps:
            found += [math.cos(2 * math.pi * k * s) for k in range(1, harmonics + 1)]
            found += [math.sin(2 * math.pi * k * s) for k in range(1, harmonics + 1)]
        else:
            found.append(2 * s - 1)
    return found


def one_of(stacked, i):
    """The i-th network of a stack, with arrays only."""
    import equinox as eqx
    import jax

    return jax.tree.map(lambda leaf: leaf[i] if eqx.is_array(leaf) else leaf, stacked.networks)
