"""Convolutions that keep the channels apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray

from .padding import Sides, pad


class DepthwiseConvolution(eqx.Module):
    """``y_i = b + sum_a w_a x_(i + a - p)``, one stencil a channel, with odd kernel size k and p = (k - 1) / 2."""

    weight: Float[Array, "*kernel c"]
    bias: Float[Array, " c"]
    boundary: tuple[Sides, ...] = eqx.field(static=True)

    def __init__(self, boundary: Sequence[Sides], channels: int, kernel: int = 7, *, key: PRNGKeyArray):
        self.boundary = tuple(boundary)
        shape = (kernel,) * len(self.boundary)
        limit = 1 / math.sqrt(math.prod(shape))
        self.weight = jax.random.uniform(key, (*shape, channels), minval=-limit, maxval=limit)
        self.bias = jnp.zeros(channels)

    def __call__(self, x: Float[Array, "*n c"], layout: Sequence[str]) -> Float[Array, "*n c"]:
        """Apply to the values of one field on a grid of the given layout."""
        dim, half = len(self.boundary), self.weight.shape[0] // 2
        x = pad(x, [(half, half)] * dim, self.boundary, layout)
        axes = "XYZ"[:dim]
        y = lax.conv_general_dilated(
            x[None],
            self.weight[..., None, :].astype(x.dtype),
            (1,) * dim,
            "VALID",
            dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
            feature_group_count=x.shape[-1],
        )
        return y[0] + self.bias
