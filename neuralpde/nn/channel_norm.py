"""Normalisation of the channels at each point: it knows nothing of the grid."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class ChannelNorm(eqx.Module):
    """Layer normalisation over the channels: ``y = g (x - mean) / sqrt(var + eps) + b`` at each point.

    Ba, Kiros, Hinton, arXiv 1607.06450. Statistics are over channels only, so it acts on functions.
    """

    gain: Float[Array, " c"]
    bias: Float[Array, " c"]
    eps: float = eqx.field(static=True)

    def __init__(self, channels: int, eps: float = 1e-5):
        self.gain, self.bias, self.eps = jnp.ones(channels), jnp.zeros(channels), eps

    def __call__(self, x: Float[Array, "*n c"]) -> Float[Array, "*n c"]:
        centred = x - jnp.mean(x, axis=-1, keepdims=True)
        variance = jnp.mean(centred**2, axis=-1, keepdims=True)
        return self.gain * centred * jax.lax.rsqrt(variance + self.eps) + self.bias
