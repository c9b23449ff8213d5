"""Sinusoidal representation networks (Sitzmann, Martel, Bergman, Lindell & Wetzstein, NeurIPS 2020, 2006.09661)."""

from __future__ import annotations

import functools
import itertools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from neuralpde.spaces import Value, propagate

from .coordinate_network import AbstractCoordinateNetwork, Chain
from .mlp import dense


class Sine(AbstractCoordinateNetwork):
    """``sin(w x)`` with a fixed frequency w."""

    frequency: float = eqx.field(static=True)

    def propagate(self, x: Value) -> Value:
        return propagate(jnp.sin, self.frequency * x)


def siren(in_size: int, out_size: int, *, width: int, depth: int, frequency: float = 30.0, key: PRNGKeyArray) -> Chain:
    """``depth`` layers ``sin(w (W x + b))`` and a linear one, for coordinates in [-1, 1]; w is the ``frequency``.

    Weights are uniform on +-1 / n in the first layer of n inputs and on +-sqrt(6 / n) / w in the others, so that what
    enters each sine but the first is about normal, of variance 1 after the first layer and ``1 - exp(-2 v)`` after one
    that v entered: it falls to 0.8 and no further, whatever the depth (section 3.2). The biases of the first layer are
    uniform on +-1 / sqrt(n), the others zero.
    """
    sizes = (in_size, *(width,) * depth, out_size)
    key_bias, *keys = jax.random.split(key, len(sizes))
    limits = [1 / in_size, *(math.sqrt(6 / n) / frequency for n in sizes[1:-1])]
    layers = [
        dense(i, o, initializer=functools.partial(_uniform, limit), key=k)
        for (i, o), limit, k in zip(itertools.pairwise(sizes), limits, keys, strict=True)
    ]
    bias = _uniform(1 / math.sqrt(in_size), key_bias, (sizes[1],), layers[0].bias.dtype)
    layers[0] = eqx.tree_at(lambda layer: layer.bias, layers[0], bias)
    *hidden, head = layers
    return Chain(*(part for layer in hidden for part in (layer, Sine(frequency))), head)


def _uniform(limit, key, shape, dtype):
    return jax.random.uniform(key, shape, dtype, -limit, limit)
