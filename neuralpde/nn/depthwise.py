"""Convolutions that keep the channels apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray

from .padding import Sides, pad

LARGEST_SUM = 64
"""Points of the largest stencil that is written out term by term: beyond, the program becomes too long."""


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
        # On a CPU XLA's grouped convolution is 5 to 25 times slower than the sum over the stencil, as one fused loop.
        summed = jax.default_backend() == "cpu" and math.prod(self.weight.shape[:-1]) <= LARGEST_SUM
        return (stencil_sum if summed else grouped_convolution)(self.weight.astype(x.dtype), x) + self.bias


def stencil_sum(w: Float[Array, "*kernel c"], x: Float[Array, "*n c"]) -> Float[Array, "*m c"]:
    """``sum_a w_a x_(i + a)`` term by term."""
    shape = [n - k + 1 for n, k in zip(x.shape[:-1], w.shape[:-1], strict=True)]
    shifts = itertools.product(*map(range, w.shape[:-1]))
    return sum(w[a] * x[tuple(slice(i, i + n) for i, n in zip(a, shape, strict=True))] for a in shifts)  # type: ignore[return-value]


def grouped_convolution(w: Float[Array, "*kernel c"], x: Float[Array, "*n c"]) -> Float[Array, "*m c"]:
    """The same by XLA's convolution."""
    axes = "XYZ"[: x.ndim - 1]
    layouts = (f"N{axes}C", f"{axes}IO", f"N{axes}C")
    groups = {"dimension_numbers": layouts, "feature_group_count": x.shape[-1]}
    return lax.conv_general_dilated(x[None], w[..., None, :], (1,) * len(axes), "VALID", **groups)[0]
