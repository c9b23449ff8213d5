"""Dilated residual network (Stachenfeld et al., ICLR 2022, arXiv 2112.15275): far-reaching stencils on one grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import (
    Convolution,
    GroupNorm,
    Modulation,
    ParameterEmbedding,
    PointwiseMLP,
    Sides,
    gelu,
    stencil_boundary,
)
from neuralpde.spaces import FunctionSpace, Grid

from .about import About
from .grid_network import AbstractGridNetwork, Condition


class DilatedBlock(eqx.Module):
    """``x + sigma N_7 C_7 ... sigma N_1 C_1 x``: convolutions C_i of growing and shrinking dilation, norms N_i.

    An embedding modulates what the first convolution reads.
    """

    convolutions: tuple[Convolution, ...]
    norms: tuple[GroupNorm, ...] | None
    modulation: Modulation | None

    def __init__(
        self,
        boundary: Sequence[Sides],
        width: int,
        dilations: Sequence[int],
        norm: bool,
        embedding: int | None,
        *,
        key: PRNGKeyArray,
    ):
        key_e, *keys = jax.random.split(key, len(dilations) + 1)
        self.convolutions = tuple(
            Convolution(boundary, width, width, dilation=r, use_bias=True, key=k)
            for r, k in zip(dilations, keys, strict=True)
        )
        self.norms = tuple(GroupNorm(width) for _ in dilations) if norm else None
        self.modulation = None if embedding is None else Modulation(embedding, width, True, key=key_e)

    def __call__(self, x: Float[Array, "*n c"], layout: Sequence[str], e: Array | None) -> Float[Array, "*n c"]:
        h = x if self.modulation is None or e is None else self.modulation(x, e)
        for i, convolution in enumerate(self.convolutions):
            h = convolution(h, layout)
            h = gelu(h if self.norms is None else self.norms[i](h))
        return x + h


class DilatedResNet(AbstractGridNetwork):
    """Pointwise networks around ``blocks`` residual blocks of 3-point convolutions with ``dilations``, at full size.

    The published one (PDEArena's DilResNet-128: width 128, 4 blocks) has 4.2 million parameters. ``padding`` and
    ``condition`` are `SineNet`'s.

    Raises ``ValueError`` where an axis has fewer points than the widest stencil reaches past a side.
    """

    about: ClassVar[About] = About("Stachenfeld et al., ICLR 2022, arXiv 2112.15275", "grid", False)

    lifting: PointwiseMLP
    blocks: tuple[DilatedBlock, ...]
    projection: PointwiseMLP
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
        width: int = 128,
        blocks: int = 4,
        dilations: Sequence[int] = (1, 2, 4, 8, 4, 2, 1),
        norm: bool = True,
        padding: str = "boundary",
        condition: Condition = (),
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        boundary = stencil_boundary(target, padding)
        key_lift, key_project, key_condition, *keys = jax.random.split(key, blocks + 3)
        e = 4 * width if condition else None
        self.source, self.target, self.on, self.embedding = source, target, on, None
        self.condition = ParameterEmbedding(condition, 4 * width, key=key_condition) if condition else None
        self.lifting = PointwiseMLP(source.channels, width, width, key=key_lift)
        self.blocks = tuple(DilatedBlock(boundary, width, dilations, norm, e, key=k) for k in keys)
        self.projection = PointwiseMLP(width, width, target.channels, key=key_project)
        if on is not None:
            self.check_grid(on)

    @property
    def halvings(self) -> int:
        return 0

    def check_grid(self, grid: Grid) -> None:
        reach = max(convolution.dilation for block in self.blocks for convolution in block.convolutions)
        if min(grid.shape) <= reach:
            raise ArgumentError(
                f"DilatedResNet's stencils reach {reach} points past a side, so every axis needs more points than that; "
                f"got {grid.shape}. Use smaller dilations or a finer grid."
            )

    def network(self, x: Array, grid: Grid, e: Array | None) -> Array:
        x = gelu(self.lifting(x))
        for block in self.blocks:
            x = block(x, grid.layout, e)
        return self.projection(x)
