"""The time-dependent layers of continuous normalising flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import dense
from neuralpde.nn.mlp import Activation


class ConcatSquash(eqx.Module):
    """(W x + b) sigmoid(w_g t + b_g) + w_h t: a layer that time gates and shifts (FFJORD; Grathwohl et al. 2019)."""

    linear: eqx.nn.Linear
    gate: eqx.nn.Linear
    shift: Float[Array, " out"]

    def __init__(self, in_size: int, out_size: int, *, key: PRNGKeyArray):
        key_linear, key_gate, key_shift = jax.random.split(key, 3)
        self.linear = dense(in_size, out_size, key=key_linear)
        self.gate = dense(1, out_size, key=key_gate)
        self.shift = dense(1, out_size, use_bias=False, key=key_shift).weight[:, 0]

    def __call__(self, t: Any, x: Float[Array, " i"]) -> Float[Array, " out"]:
        time = jnp.asarray(t, x.dtype)
        return self.linear(x) * jax.nn.sigmoid(self.gate(time[None])) + self.shift * time


class ConcatSquashField(eqx.Module):
    """f(t, z) of such layers with an activation between them: (d,) -> (d,).

    ``widths`` are those of the hidden layers. The first hidden layer is where `narrow` ends and `widened` begins:
    f = widened(narrow).
    """

    layers: tuple[ConcatSquash, ...]
    activation: Activation = eqx.field(static=True)

    def __init__(self, size: int, widths: Sequence[int], *, activation: Activation = jnp.tanh, key: PRNGKeyArray):
        sizes = [size, *widths, size]
        keys = jax.random.split(key, len(sizes) - 1)
        self.layers = tuple(ConcatSquash(i, o, key=k) for i, o, k in zip(sizes, sizes[1:], keys, strict=False))
        self.activation = activation

    def __call__(self, t: Any, z: Float[Array, " d"], args: Any = None) -> Float[Array, " d"]:
        return self.widened(t, self.narrow(t, z))

    def narrow(self, t: Any, z: Float[Array, " d"]) -> Float[Array, " h"]:
        """The first layer, before its activation."""
        return self.layers[0](t, z)

    def widened(self, t: Any, h: Float[Array, " h"]) -> Float[Array, " d"]:
        """All that follows the first layer."""
        for layer in self.layers[1:]:
            h = layer(t, self.activation(h))
        return h
