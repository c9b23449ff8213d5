"""SineNet: a sequence of U-shaped waves (Zhang, Helwig, Lin, Xie, Fu, Wojtowytsch, Ji; ICLR 2024, arXiv 2403.19507)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import (
    ConvBlock,
    Convolution,
    ParameterEmbedding,
    Pointwise,
    Sides,
    average_pool,
    bicubic_upsample,
    stencil_boundary,
)
from neuralpde.spaces import FunctionSpace, Grid

from .about import About
from .grid_network import AbstractGridNetwork, Condition

MULTIPLIERS = {1: 2.0, 2: 1.8075, 4: 1.611, 6: 1.5, 8: 1.425}
"""Growth of the channels per level at which the published nets of 2, 4, 6 and 8 waves have 35.5 million parameters."""


class Stage(eqx.Module):
    """One level of a wave, down or up: ``B_n(...B_1(x)) + S p`` with blocks B and a 1x1 convolution S.

    ``x`` is what the level reads, ``p`` the part of it that comes from the level before.
    """

    blocks: tuple[ConvBlock, ...]
    S: Pointwise

    def __init__(
        self, boundary: Sequence[Sides], i: int, o: int, shortcut: int, count: int, e: int | None, scaled: bool, *, key
    ):
        key_s, *keys = jax.random.split(key, count + 1)
        widths = (i,) + (o,) * count
        self.blocks = tuple(
            ConvBlock(boundary, a, b, embedding=e, scaled=scaled, key=k)
            for (a, b), k in zip(itertools.pairwise(widths), keys, strict=True)
        )
        self.S = Pointwise(shortcut, o, key=key_s)

    def __call__(self, x: Array, p: Array, layout: Sequence[str], e: Array | None) -> Array:
        for block in self.blocks:
            x = block(x, layout, e)
        return x + self.S(p)


class Wave(eqx.Module):
    """``U(x)``: pooled down the levels and interpolated up again, with skip connections; x has c_0 channels.

    Down, for l = 1..L, with ``s_0 = x``: ``p = pool(s_(l-1))``, ``s_l = down_l([p, pool^l(x)]) + S_l p``. The copy
    of x that was only pooled reaches every level beside the processed features (the disentangled path); level 1 has
    it as p already. Up, for l = L-1..0, with ``r = s_L``: ``u = upsample(r)``, ``r = up_l([s_l, u]) + S_l u``.
    """

    down: tuple[Stage, ...]
    up: tuple[Stage, ...]
    boundary: tuple[Sides, ...] = eqx.field(static=True)
    disentangled: bool = eqx.field(static=True)

    def __init__(
        self,
        boundary: Sequence[Sides],
        channels: Sequence[int],
        *,
        disentangled: bool = True,
        blocks: int = 1,
        embedding: int | None = None,
        scaled: bool = True,
        key: PRNGKeyArray,
    ):
        c, levels = tuple(channels), range(len(channels) - 1)
        keys = iter(jax.random.split(key, 2 * len(levels)))

        def stage(i, o, shortcut):
            return Stage(boundary, i, o, shortcut, blocks, embedding, scaled, key=next(keys))

        copy = c[0] if disentangled else 0
        self.down = tuple(stage(c[n] + (copy if n else 0), c[n + 1], c[n]) for n in levels)
        self.up = tuple(stage(c[n] + c[n + 1], c[n], c[n + 1]) for n in levels)
        self.boundary, self.disentangled = tuple(boundary), disentangled

    def __call__(self, x: Float[Array, "*n c"], layout: Sequence[str], e: Array | None) -> Float[Array, "*n c"]:
        d, s = x, [x]
        for level, stage in enumerate(self.down):
            p = average_pool(s[-1])
            if self.disentangled:
                d = average_pool(d) if level else p
            beside = jnp.concatenate([p, d], axis=-1) if self.disentangled and level else p
            s.append(stage(beside, p, layout, e))
        r = s.pop()
        for stage in reversed(self.up):
            u = bicubic_upsample(r, self.boundary)
            r = stage(jnp.concatenate([s.pop(), u], axis=-1), u, layout, e)
        return r


class SineNet(AbstractGridNetwork):
    """``decode(x_K)`` with ``x_0 = encode(u)`` and ``x_k = x_(k-1) + U_k(x_(k-1))``, K = ``waves`` U-nets of their own.

    Encoder and decoder are single 3x3 convolutions. Level l of a wave has ``int(width multiplier^l)`` channels,
    l = 0..levels. The multiplier defaults to the published one, at which K = 2, 4, 6, 8 waves have equally many
    parameters; for another K it is the one that gives as many. ``disentangled=False`` is the paper's tangled
    ablation. One wave with ``blocks=8`` blocks a level is its "deeper U-Net".

    The input's channels carry the history, and the output is the next state itself. Stencils see past the sides as
    the target's boundary conditions say; ``padding="zeros"`` or ``"circular"`` overrules them (published: zeros for
    the smoke plume, circular for the compressible flow and the shallow water, where it halves the error).

    ``condition`` names parameters, or maps names to scales (`ParameterEmbedding`); their embedding acts on each block
    after its first activation: added, or with ``scaled`` (the default) as a scale and a shift.

    With 12 channels in and 3 out, the published net of 8 waves has 35,490,219 parameters.

    Raises ``ValueError`` where a grid cannot be halved ``levels`` times.
    """

    about: ClassVar[About] = About("Zhang et al., ICLR 2024, arXiv 2403.19507", "grid", False)

    encoder: Convolution
    waves: tuple[Wave, ...]
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
        waves: int = 8,
        width: int = 64,
        multiplier: float | None = None,
        levels: int = 4,
        disentangled: bool = True,
        blocks: int = 1,
        padding: str = "boundary",
        condition: Condition = (),
        scaled: bool = True,
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        if min(waves, levels, blocks) < 1:
            raise ArgumentError(f"SineNet needs at least one wave, level and block, got {waves}, {levels}, {blocks}.")
        boundary = stencil_boundary(target, padding)
        m = equal_multiplier(waves) if multiplier is None else multiplier
        channels = [int(width * m**level) for level in range(levels + 1)]
        key_encoder, key_decoder, key_condition, *keys = jax.random.split(key, waves + 3)
        self.source, self.target, self.on, self.embedding = source, target, on, None
        self.condition = ParameterEmbedding(condition, 4 * width, key=key_condition) if condition else None
        options = {
            "disentangled": disentangled,
            "blocks": blocks,
            "embedding": 4 * width if condition else None,
            "scaled": scaled,
        }
        self.encoder = Convolution(boundary, source.channels, width, use_bias=True, key=key_encoder)
        self.waves = tuple(Wave(boundary, channels, **options, key=k) for k in keys)
        self.decoder = Convolution(boundary, width, target.channels, use_bias=True, key=key_decoder)
        if on is not None:
            self.check_grid(on)

    @property
    def halvings(self) -> int:
        return len(self.waves[0].down)

    def network(self, x: Array, grid: Grid, e: Array | None) -> Array:
        x = self.encoder(x, grid.layout)
        for U in self.waves:
            x = x + U(x, grid.layout, e)
        return self.decoder(x, grid.layout)


def equal_multiplier(waves: int) -> float:
    """The published multiplier, or for other numbers of waves the one at which they cost as much as 8 at 1.425."""
    if waves in MULTIPLIERS:
        return MULTIPLIERS[waves]
    goal, low, high = 8 * _weights(1.425), 1.0, 2.5
    for _ in range(40):
        m = (low + high) / 2
        low, high = (m, high) if waves * _weights(m) < goal else (low, m)
    return round(low, 3)


def _weights(m: float) -> float:
    """Weights of a wave of 4 levels over width^2, biases and truncation aside."""
    c = [m**level for level in range(5)]
    pairs = list(itertools.pairwise(c))
    down = sum(9 * (a + (1 if level else 0)) * b + 9 * b * b + a * b for level, (a, b) in enumerate(pairs))
    return down + sum(9 * (a + b) * a + 9 * a * a + a * b for a, b in pairs)
