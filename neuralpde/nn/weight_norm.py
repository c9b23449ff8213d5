"""Weight normalisation (Salimans, Kingma, NeurIPS 2016, arXiv 1602.07868, equation 2)."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .pointwise import Pointwise


class WeightNormPointwise(eqx.Module):
    """``y_o = g_o <v_o, x> / |v_o| + b_o`` at each point: the length g_o and direction v_o of each weight are learned.

    It starts as the `Pointwise` map of the same key.
    """

    v: Float[Array, "i o"]
    g: Float[Array, " o"]
    bias: Float[Array, " o"]

    def __init__(self, in_channels: int, out_channels: int, *, key: PRNGKeyArray):
        self.v = Pointwise(in_channels, out_channels, use_bias=False, key=key).weight
        self.g = jnp.linalg.norm(self.v, axis=0)
        self.bias = jnp.zeros(out_channels)

    def __call__(self, x: Float[Array, "*n i"]) -> Float[Array, "*n o"]:
        return x @ (self.g / jnp.linalg.norm(self.v, axis=0) * self.v) + self.bias
