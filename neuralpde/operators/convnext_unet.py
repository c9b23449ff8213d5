"""U-Net with ConvNeXt blocks (Liu et al., CVPR 2022): the strongest baseline of The Well (Ohana et al., NeurIPS 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import (
    ChannelNorm,
    Convolution,
    DepthwiseConvolution,
    Modulation,
    ParameterEmbedding,
    Pointwise,
    PointwiseMLP,
    Sides,
    TransposedConvolution,
    stencil_boundary,
)
from neuralpde.spaces import FunctionSpace, Grid

from .about import About
from .grid_network import AbstractGridNetwork, Condition

EPSILON = 1e-6
"""Added to the variance by the norms of ConvNeXt."""


class ConvNeXtBlock(eqx.Module):
    """``x + gamma * M N D x``: D a depthwise convolution of 7 points an axis, N layer normalisation at each point, M a
    network of the channels, 4 times as wide. gamma, one number a channel, starts at 1e-6.

    An embedding modulates what M reads.
    """

    D: DepthwiseConvolution
    N: ChannelNorm
    M: PointwiseMLP
    gamma: Float[Array, " c"]
    modulation: Modulation | None

    def __init__(self, boundary: Sequence[Sides], channels: int, embedding: int | None, *, key: PRNGKeyArray):
        key_d, key_m, key_e = jax.random.split(key, 3)
        self.D = DepthwiseConvolution(boundary, channels, key=key_d)
        self.N, self.gamma = ChannelNorm(channels, EPSILON), jnp.full(channels, 1e-6)
        self.M = PointwiseMLP(channels, 4 * channels, channels, key=key_m)
        self.modulation = None if embedding is None else Modulation(embedding, channels, True, key=key_e)

    def __call__(self, x: Float[Array, "*n c"], layout: Sequence[str], e: Array | None) -> Float[Array, "*n c"]:
        h = self.N(self.D(x, layout))
        if self.modulation is not None and e is not None:
            h = self.modulation(h, e)
        return x + self.gamma * self.M(h)


class Level(eqx.Module):
    """ConvNeXt blocks on one grid, and on the way up a 1x1 convolution that first merges a state of the way down."""

    merge: Pointwise | None
    blocks: tuple[ConvNeXtBlock, ...]

    def __call__(self, x: Array, layout: Sequence[str], e: Array | None, state: Array | None = None) -> Array:
        if self.merge is not None:
            x = self.merge(jnp.concatenate([x, state], axis=-1))
        for block in self.blocks:
            x = block(x, layout, e)
        return x


class ConvNeXtUNet(AbstractGridNetwork):
    """U-Net with ``blocks`` ConvNeXt blocks a level down and up, and one at the bottom, which has its own ones too.

    Level l has ``width 2^l`` channels, and the way up ends when the grid is the input's again: there is no block and
    no merging at full resolution after the doubling. Normalised convolutions of 2 points halve the grid and
    transposed ones double it. The published one (The Well's CNextU-Net: width 42, 2 blocks, 4 levels) normalises
    before those by the 2-norm of the channels; here it is by `ChannelNorm`, with as many parameters, and the two
    resamplings have no bias. ``padding`` and ``condition`` are `SineNet`'s.

    Raises ``ValueError`` where a grid cannot be halved ``levels`` times.
    """

    about: ClassVar[About] = About("Ohana et al., NeurIPS 2024, arXiv 2412.00568", "grid", False)

    encoder: Convolution
    down: tuple[Level, ...]
    halve: tuple[tuple[ChannelNorm, Pointwise], ...]
    bottom: Level
    up: tuple[Level, ...]
    double: tuple[tuple[ChannelNorm, TransposedConvolution], ...]
    decoder: Convolution
    condition: ParameterEmbedding | None
    embedding: Float[Array, " size"] | None
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    on: Grid | None = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        width: int = 42,
        levels: int = 4,
        blocks: int = 2,
        padding: str = "boundary",
        condition: Condition = (),
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        boundary, cells = stencil_boundary(target, padding), 2**target.dim
        keys = iter(jax.random.split(key, levels * (2 * blocks + 3) + 4))
        e = 4 * width if condition else None
        self.source, self.target, self.on, self.embedding = source, target, on, None
        self.condition = ParameterEmbedding(condition, 4 * width, key=next(keys)) if condition else None
        c = [width * 2**level for level in range(levels + 1)]

        def level(channels, count, merges=False):
            merge = Pointwise(2 * channels, channels, key=next(keys)) if merges else None
            return Level(merge, tuple(ConvNeXtBlock(boundary, channels, e, key=next(keys)) for _ in range(count)))

        def double(i, o):
            return ChannelNorm(i, EPSILON), TransposedConvolution(boundary, i, o, kernel=2, padding=0, key=next(keys))

        self.encoder = Convolution(boundary, source.channels, width, use_bias=True, key=next(keys))
        self.down = tuple(level(n, blocks) for n in c[:-1])
        self.halve = tuple((ChannelNorm(n, EPSILON), Pointwise(cells * n, 2 * n, key=next(keys))) for n in c[:-1])
        self.bottom = level(c[-1], 1)
        self.up = tuple(level(n, blocks, merges=n < c[-1]) for n in c[1:])
        self.double = tuple(double(n, n // 2) for n in c[1:])
        self.decoder = Convolution(boundary, width, target.channels, use_bias=True, key=next(keys))
        if on is not None:
            self.check_grid(on)

    @property
    def halvings(self) -> int:
        return len(self.halve)

    def network(self, x: Array, grid: Grid, e: Array | None) -> Array:
        layout = grid.layout
        x = self.encoder(x, layout)
        states: list[Array] = []
        for level, (norm, halve) in zip(self.down, self.halve, strict=True):
            states.append(x)
            x = halve(_cells_in_channels(norm(level(x, layout, e))))
        x, state = self.bottom(x, layout, e), None
        for level, (norm, double) in zip(reversed(self.up), reversed(self.double), strict=True):
            x = double(norm(level(x, layout, e, state)), layout)
            state = states.pop()
        return self.decoder(x, layout)


def _cells_in_channels(x: Float[Array, "*n c"]) -> Float[Array, "*m k"]:
    """The 2^d cells of each coarser one side by side: with a map of channels, a convolution of 2 points and stride 2."""
    dim = x.ndim - 1
    halves = [part for n in x.shape[:-1] for part in (n // 2, 2)]
    x = x.reshape(*halves, x.shape[-1])
    x = x.transpose(*range(0, 2 * dim, 2), *range(1, 2 * dim, 2), 2 * dim)
    return x.reshape(*x.shape[:dim], -1)
