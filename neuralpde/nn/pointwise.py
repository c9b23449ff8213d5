"""Maps that act on the channels at each point and know nothing of the neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .activation import gelu


class Pointwise(eqx.Module):
    """A linear map of the channels, the same at every point: a 1x1 convolution in any dimension."""

    weight: Float[Array, "i o"]
    bias: Float[Array, " o"] | None

    def __init__(self, in_channels: int, out_channels: int, *, use_bias: bool = True, key: PRNGKeyArray):
        limit = 1 / math.sqrt(in_channels)
        self.weight = jax.random.uniform(key, (in_channels, out_channels), minval=-limit, maxval=limit)
        self.bias = jnp.zeros(out_channels) if use_bias else None

    def __call__(self, x: Float[Array, "*n i"]) -> Float[Array, "*n o"]:
        y = x @ self.weight
        return y if self.bias is None else y + self.bias


class PointwiseMLP(eqx.Module):
    """Two `Pointwise` maps with an activation between them: lifting, projection and channel mixing."""

    first: Pointwise
    second: Pointwise
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        in_channels: int,
        width: int,
        out_channels: int,
        *,
        activation: Callable[[Array], Array] = gelu,
        key: PRNGKeyArray,
    ):
        key_first, key_second = jax.random.split(key)
        self.first = Pointwise(in_channels, width, key=key_first)
        self.second = Pointwise(width, out_channels, key=key_second)
        self.activation = activation

    def __call__(self, x: Float[Array, "*n i"]) -> Float[Array, "*n o"]:
        return self.second(self.activation(self.first(x)))
