"""Convolutions in 1-3 dimensions that know the boundary conditions of the space they act on.

One class serves stencils (stride 1) and restriction (stride 2); its transpose serves prolongation. Arrays are
channels-last and hold ONE example; ``vmap`` batches them at no cost.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .convolve import convolve
from .padding import Sides, is_zero_padding, pad


class Convolution(eqx.Module):
    """``y_i = b + sum_a W_a x_(s i + r (a - p))`` with odd kernel size k, p = (k - 1) / 2 and dilation r.

    A grid of n points becomes one of ceil(n / stride). Past the sides, x is extended as `pad` does; with
    ``padding=0`` it is not, and n points become floor((n - k) / stride) + 1.
    Initialised uniformly in +-sqrt(3 gain / fan_in).
    """

    weight: Float[Array, "*kernel i o"]
    bias: Float[Array, " o"] | None
    boundary: tuple[Sides, ...] = eqx.field(static=True)
    stride: int = eqx.field(static=True)
    dilation: int = eqx.field(static=True)
    padding: int = eqx.field(static=True)

    def __init__(
        self,
        boundary: Sequence[Sides],
        in_channels: int,
        out_channels: int,
        kernel: int = 3,
        stride: int = 1,
        padding: int | None = None,
        *,
        dilation: int = 1,
        use_bias: bool = False,
        gain: float = 1 / 3,
        key: PRNGKeyArray,
    ):
        if kernel % 2 == 0:
            raise ArgumentError(f"Convolution needs an odd kernel size, so that it is centred; got {kernel}.")
        self.boundary, self.stride, self.dilation = tuple(boundary), stride, dilation
        self.padding = dilation * (kernel // 2) if padding is None else padding
        shape = (kernel,) * len(self.boundary) + (in_channels, out_channels)
        self.weight = _uniform(key, shape, math.prod(shape[:-1]), gain)
        self.bias = jnp.zeros(out_channels) if use_bias else None

    def __call__(self, x: Float[Array, "*n i"], layout: Sequence[str]) -> Float[Array, "*m o"]:
        """Apply to the values of one field on a grid of the given layout."""
        widths = [(self.padding, self.padding)] * len(self.boundary)
        if self.padding and not is_zero_padding(self.boundary):
            # XLA's CPU compiler has a kernel of its own for convolutions without padding, which takes up to 5 times
            # longer. One row too many, which the convolution then leaves out, keeps it from that.
            extra = 1 if jax.default_backend() == "cpu" and self.stride == 1 else 0
            widths[0] = (self.padding + extra, self.padding)
            x = pad(x, widths, self.boundary, layout)
            widths = [(-extra, 0)] + [(0, 0)] * (len(self.boundary) - 1)
        dim = len(self.boundary)
        y = convolve(x, self.weight, strides=(self.stride,) * dim, padding=widths, dilation=(self.dilation,) * dim)
        return y if self.bias is None else y + self.bias


class TransposedConvolution(eqx.Module):
    """``y_(s i + a - p) += W_a x_i``: the transpose of a strided convolution, n points become s (n - 1) + k - 2 p.

    A strided convolution takes grids of s different sizes to one, so ``size`` says to which of them the transpose
    leads: y is cut there, or goes on by the values of x past the sides. ``kernel`` is one size or one an axis.
    It is computed as one dense convolution with a channel for each of the s^d sub-grids of the output, which are
    then interleaved. That has no multiplications by the zeros of a dilated input, and its gradient neither (on a
    CPU it is 7 times faster than XLA's dilated convolution).
    """

    weight: Float[Array, "*kernel i o"]
    boundary: tuple[Sides, ...] = eqx.field(static=True)
    stride: int = eqx.field(static=True)
    padding: int = eqx.field(static=True)

    def __init__(
        self,
        boundary: Sequence[Sides],
        in_channels: int,
        out_channels: int,
        kernel: int | Sequence[int] = 4,
        stride: int = 2,
        padding: int = 1,
        *,
        gain: float = 1 / 3,
        key: PRNGKeyArray,
    ):
        self.boundary, self.stride, self.padding = tuple(boundary), stride, padding
        kernel = (kernel,) * len(self.boundary) if isinstance(kernel, int) else tuple(kernel)
        # Each output point receives (kernel / stride)^d taps of every input channel.
        fan_in = max(1, in_channels * math.prod(k // stride for k in kernel))
        self.weight = _uniform(key, (*kernel, in_channels, out_channels), fan_in, gain)

    def __call__(
        self, x: Float[Array, "*n i"], layout: Sequence[str], size: Sequence[int] | None = None
    ) -> Float[Array, "*m o"]:
        """Apply to the values of one field on a grid of the given layout."""
        dim, s = len(self.boundary), self.stride
        kernel = self.weight.shape[:dim]
        taps = [-(-k // s) for k in kernel]
        if size is None:
            size = [s * (n - 1) + k - 2 * self.padding for n, k in zip(x.shape[:dim], kernel, strict=True)]
        # Padding inside the convolution would make its gradient 7 times slower on a CPU.
        x = pad(x, [(t - 1, t - 1) for t in taps], self.boundary, layout)
        y = convolve(x, self._subgrid_kernel(taps))
        y = _interleave(y, s, dim)
        return y[tuple(slice(self.padding, self.padding + n) for n in size)]

    def _subgrid_kernel(self, taps: Sequence[int]) -> Float[Array, "*taps i so"]:
        """Kernel of the dense convolution: tap t of sub-grid r on an axis is ``W_(s (taps - 1 - t) + r)``."""
        dim, s = len(self.boundary), self.stride
        excess = [(0, s * t - k) for t, k in zip(taps, self.weight.shape, strict=False)]
        w = jnp.pad(self.weight, [*excess, (0, 0), (0, 0)])
        w = w.reshape([n for t in taps for n in (t, s)] + [*w.shape[dim:]])
        w = jnp.flip(w, axis=tuple(range(0, 2 * dim, 2)))
        order = (*range(0, 2 * dim, 2), 2 * dim, *range(1, 2 * dim, 2), 2 * dim + 1)
        w = w.transpose(order)
        return w.reshape((*w.shape[: dim + 1], -1))


def _interleave(y: Array, s: int, dim: int) -> Array:
    """Spread the s^dim groups of channels over the points of an s times finer grid."""
    y = y.reshape(y.shape[:dim] + (s,) * dim + (-1,))
    order = [*itertools.chain.from_iterable((i, dim + i) for i in range(dim)), 2 * dim]
    y = y.transpose(order)
    return y.reshape(*(y.shape[2 * i] * s for i in range(dim)), y.shape[-1])


def _uniform(key: PRNGKeyArray, shape: tuple[int, ...], fan_in: int, gain: float) -> Array:
    limit = math.sqrt(3 * gain / fan_in)
    return jax.random.uniform(key, shape, minval=-limit, maxval=limit)
