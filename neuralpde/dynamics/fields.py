"""Vector fields that are networks."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import mlp
from neuralpde.nn.mlp import Activation


class MLPField(eqx.Module):
    """f(t, y) = scale tanh(net(y)), or net([y, t]) where it depends on time: (c,) -> (c,) unless ``out_size`` is given.

    ``scale`` (out,) is learned and begins at one: the rates of change are bounded, whatever the state (Kidger, "On
    Neural Differential Equations", 2021). The activation should be smooth: kinks cost an adaptive solver rejected steps.
    It should be near zero at zero too, as gelu, silu and tanh are: with softplus, whose values are all positive, training
    takes several times as many steps.
    """

    net: eqx.nn.MLP
    scale: Float[Array, " out"]
    time: bool = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        *,
        width: int = 64,
        depth: int = 2,
        out_size: int | None = None,
        time: bool = False,
        activation: Activation = jax.nn.gelu,
        key: PRNGKeyArray,
    ):
        out_size = size if out_size is None else out_size
        self.net = mlp(size + time, out_size, width=width, depth=depth, activation=activation, key=key)
        self.scale = jnp.ones(out_size)
        self.time = time

    def __call__(self, t: Any, y: Float[Array, " c"], args: Any = None) -> Float[Array, " out"]:
        inputs = jnp.append(y, jnp.asarray(t, y.dtype)) if self.time else y
        return self.scale * jnp.tanh(self.net(inputs))
