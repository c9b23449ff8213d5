"""Normalisation of the features of one example: over groups of channels and all points."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError


class GroupNorm(eqx.Module):
    """``y = gamma (x - mean) / sqrt(var + eps) + beta``, mean and var over the points and channels of each group.

    Wu and He, ECCV 2018. One group, the default, is layer normalisation over the whole field; gamma and beta are one
    number a channel, as in the convolutional networks of the field. Raises ``ValueError`` where the groups do not
    divide the channels.
    """

    gamma: Float[Array, " c"]
    beta: Float[Array, " c"]
    groups: int = eqx.field(static=True)
    eps: float = eqx.field(static=True)

    def __init__(self, channels: int, groups: int = 1, eps: float = 1e-5):
        if channels % groups:
            raise ArgumentError(f"GroupNorm makes groups of equal size: {groups} groups do not divide {channels}.")
        self.gamma, self.beta = jnp.ones(channels), jnp.zeros(channels)
        self.groups, self.eps = groups, eps

    def __call__(self, x: Float[Array, "*n c"]) -> Float[Array, "*n c"]:
        points = tuple(range(x.ndim - 1))
        grouped = x.reshape(*x.shape[:-1], self.groups, -1)
        mean = jnp.mean(grouped, (*points, -1), keepdims=True)
        variance = jnp.mean(lax.square(grouped - mean), (*points, -1), keepdims=True)
        # One multiplication and one addition a value: the statistics go into the affine map of each channel.
        scale = (lax.rsqrt(variance + self.eps) * self.gamma.reshape(self.groups, -1)).reshape(-1)
        shift = self.beta - jnp.broadcast_to(mean, (*mean.shape[:-1], x.shape[-1] // self.groups)).reshape(-1) * scale
        return x * scale + shift
