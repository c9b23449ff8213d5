"""U-Nets: the original one, and the wide one with residual blocks that is the usual baseline for flows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import (
    ConvBlock,
    Convolution,
    GroupNorm,
    Modulation,
    ParameterEmbedding,
    Pointwise,
    Sides,
    TransposedConvolution,
    gelu,
    max_pool,
    stencil_boundary,
)
from neuralpde.spaces import FunctionSpace, Grid

from .about import About
from .grid_network import AbstractGridNetwork, Condition


class UNet(AbstractGridNetwork):
    """U-Net of Ronneberger, Fischer, Brox (MICCAI 2015): two convolutions a level, max pooling, skip connections.

    Level l = 0..levels has ``width 2^l`` channels; the way up doubles the grid by transposed convolutions of 2 points
    an axis. PDEArena's version normalises over the batch and has no biases; here it is by `GroupNorm`, with GELU, and
    with biases, without which the net could not see how large its input is. The transposed convolutions have none.
    ``padding`` and ``condition`` are `SineNet`'s. At width 64 it has 31.0 million parameters.

    Raises ``ValueError`` where a grid cannot be halved ``levels`` times.
    """

    about: ClassVar[About] = About("Ronneberger, Fischer & Brox, MICCAI 2015, arXiv 1505.04597", "grid", False)

    down: tuple[ConvBlock, ...]
    upsample: tuple[TransposedConvolution, ...]
    up: tuple[ConvBlock, ...]
    head: Pointwise
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
        width: int = 64,
        levels: int = 4,
        padding: str = "boundary",
        condition: Condition = (),
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        boundary = stencil_boundary(target, padding)
        key_head, key_condition, *keys = jax.random.split(key, 3 * levels + 3)
        keys, e = iter(keys), 4 * width if condition else None
        self.source, self.target, self.on, self.embedding = source, target, on, None
        self.condition = ParameterEmbedding(condition, 4 * width, key=key_condition) if condition else None
        c = [width * 2**level for level in range(levels + 1)]

        def block(i, o):
            return ConvBlock(boundary, i, o, embedding=e, key=next(keys))

        def double(i, o):
            return TransposedConvolution(boundary, i, o, kernel=2, padding=0, key=next(keys))

        self.down = tuple(block(i, o) for i, o in zip([source.channels, *c[:-1]], c, strict=True))
        self.upsample = tuple(double(2 * o, o) for o in c[:-1])
        self.up = tuple(block(2 * o, o) for o in c[:-1])
        self.head = Pointwise(width, target.channels, key=key_head)
        if on is not None:
            self.check_grid(on)

    @property
    def halvings(self) -> int:
        return len(self.up)

    def network(self, x: Array, grid: Grid, e: Array | None) -> Array:
        states = []
        for level, block in enumerate(self.down):
            x = block(max_pool(x) if level else x, grid.layout, e)
            states.append(x)
        x = states.pop()
        for upsample, block in zip(reversed(self.upsample), reversed(self.up), strict=True):
            x = block(jnp.concatenate([states.pop(), upsample(x, grid.layout)], axis=-1), grid.layout, e)
        return self.head(x)


class ResidualBlock(eqx.Module):
    """``x -> S x + C_2 sigma(N_2 C_1 sigma(N_1 x))``: convolutions C, norms N; S is the identity or a 1x1 convolution.

    An embedding modulates what the second convolution reads.
    """

    norms: tuple[GroupNorm, GroupNorm]
    convolutions: tuple[Convolution, Convolution]
    S: Pointwise | None
    modulation: Modulation | None

    def __init__(self, boundary: Sequence[Sides], i: int, o: int, embedding: int | None, *, key: PRNGKeyArray):
        keys = jax.random.split(key, 4)
        self.norms = GroupNorm(i), GroupNorm(o)
        self.convolutions = (
            Convolution(boundary, i, o, use_bias=True, key=keys[0]),
            Convolution(boundary, o, o, use_bias=True, key=keys[1]),
        )
        self.S = None if i == o else Pointwise(i, o, key=keys[2])
        self.modulation = None if embedding is None else Modulation(embedding, o, True, key=keys[3])

    def __call__(self, x: Float[Array, "*n i"], layout: Sequence[str], e: Array | None) -> Float[Array, "*n o"]:
        h = self.norms[1](self.convolutions[0](gelu(self.norms[0](x)), layout))
        if self.modulation is not None and e is not None:
            h = self.modulation(h, e)
        return (x if self.S is None else self.S(x)) + self.convolutions[1](gelu(h), layout)


class ModernUNet(AbstractGridNetwork):
    """U-Net with residual blocks, after Gupta and Brandstetter (TMLR 2023, arXiv 2209.15616; PDEArena's "Unet-mod").

    Each level multiplies the channels by its entry of ``multipliers``, one upon the other, and has ``blocks`` residual
    blocks on the way down and one more on the way up, each of which reads a state of the way down. Strided
    convolutions of 3 points halve the grid, transposed ones of 4 double it. Without attention. The published one, 64
    wide, has 144 million parameters. ``padding`` and ``condition`` are `SineNet`'s.

    Raises ``ValueError`` where a grid cannot be halved ``len(multipliers) - 1`` times.
    """

    about: ClassVar[About] = About("Gupta & Brandstetter, TMLR 2023, arXiv 2209.15616", "grid", False)

    encoder: Convolution
    down: tuple[tuple[ResidualBlock, ...], ...]
    halve: tuple[Convolution, ...]
    middle: tuple[ResidualBlock, ResidualBlock]
    up: tuple[tuple[ResidualBlock, ...], ...]
    double: tuple[TransposedConvolution, ...]
    norm: GroupNorm
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
        width: int = 64,
        multipliers: Sequence[int] = (1, 2, 2, 4),
        blocks: int = 2,
        padding: str = "boundary",
        condition: Condition = (),
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        boundary = stencil_boundary(target, padding)
        keys = iter(jax.random.split(key, (2 * blocks + 4) * len(multipliers) + 6))
        e = 4 * width if condition else None
        self.source, self.target, self.on, self.embedding = source, target, on, None
        self.condition = ParameterEmbedding(condition, 4 * width, key=next(keys)) if condition else None
        c = [width]
        for multiplier in multipliers:
            c.append(c[-1] * multiplier)

        def residual(i, o):
            return ResidualBlock(boundary, i, o, e, key=next(keys))

        def convolution(i, o, stride=1):
            return Convolution(boundary, i, o, stride=stride, use_bias=True, key=next(keys))

        levels = range(len(multipliers))
        widths = [(c[level], *[c[level + 1]] * blocks) for level in levels]
        self.encoder = convolution(source.channels, width)
        self.down = tuple(tuple(residual(i, o) for i, o in itertools.pairwise(w)) for w in widths)
        self.halve = tuple(convolution(n, n, stride=2) for n in c[1:-1])
        self.middle = residual(c[-1], c[-1]), residual(c[-1], c[-1])
        self.up = tuple((*(residual(2 * o, o) for _ in range(blocks)), residual(i + o, i)) for i, *_, o in widths)
        self.double = tuple(TransposedConvolution(boundary, n, n, key=next(keys)) for n in c[1:-1])
        self.norm, self.decoder = GroupNorm(width), convolution(width, target.channels)
        if on is not None:
            self.check_grid(on)

    @property
    def halvings(self) -> int:
        return len(self.halve)

    def network(self, x: Array, grid: Grid, e: Array | None) -> Array:
        layout = grid.layout
        x = self.encoder(x, layout)
        states = [x]
        for level, blocks in enumerate(self.down):
            if level:
                x = self.halve[level - 1](x, layout)
                states.append(x)
            for block in blocks:
                x = block(x, layout, e)
                states.append(x)
        for block in self.middle:
            x = block(x, layout, e)
        for level in reversed(range(len(self.up))):
            for block in self.up[level]:
                x = block(jnp.concatenate([x, states.pop()], axis=-1), layout, e)
            if level:
                x = self.double[level - 1](x, layout)
        return self.decoder(gelu(self.norm(x)), layout)
