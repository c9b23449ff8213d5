"""Convolutional neural operator (Raonic, Molinaro, De Ryck, Rohner, Bartolucci, Alaifari, Mishra, de Bezenac;
NeurIPS 2023, arXiv 2302.01178): a U-Net whose every layer maps band-limited functions to band-limited functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import (
    Convolution,
    GroupNorm,
    Modulation,
    ParameterEmbedding,
    Sides,
    filtered_activation,
    gelu,
    stencil_boundary,
)
from neuralpde.spaces import FunctionSpace, Grid

from .about import About
from .grid_network import AbstractGridNetwork, Condition


class FilteredBlock(eqx.Module):
    """``Sigma N C x``: convolution C, norm N, and the activation Sigma on a finer grid, filtered down to ``shape``.

    Without a norm it sees how large its input is. An embedding modulates what is activated.
    """

    C: Convolution
    N: GroupNorm | None
    modulation: Modulation | None

    def __init__(
        self, boundary: Sequence[Sides], i: int, o: int, embedding: int | None, norm: bool = True, *, key: PRNGKeyArray
    ):
        key_c, key_e = jax.random.split(key)
        self.C = Convolution(boundary, i, o, use_bias=True, key=key_c)
        self.N = GroupNorm(o) if norm else None
        self.modulation = None if embedding is None else Modulation(embedding, o, True, key=key_e)

    def __call__(
        self, x: Float[Array, "*n i"], shape: Sequence[int], layout: Sequence[str], e: Array | None
    ) -> Float[Array, "*m o"]:
        x = self.C(x, layout)
        x = x if self.N is None else self.N(x)
        if self.modulation is not None and e is not None:
            x = self.modulation(x, e)
        return filtered_activation(x, shape, gelu, self.C.boundary, layout)


class FilteredResidual(eqx.Module):
    """``x + N C Sigma N C x`` on one grid."""

    first: FilteredBlock
    C: Convolution
    N: GroupNorm

    def __init__(self, boundary: Sequence[Sides], channels: int, embedding: int | None, *, key: PRNGKeyArray):
        key_first, key_c = jax.random.split(key)
        self.first = FilteredBlock(boundary, channels, channels, embedding, key=key_first)
        self.C, self.N = Convolution(boundary, channels, channels, use_bias=True, key=key_c), GroupNorm(channels)

    def __call__(self, x: Float[Array, "*n c"], layout: Sequence[str], e: Array | None) -> Float[Array, "*n c"]:
        return x + self.N(self.C(self.first(x, x.shape[:-1], layout, e), layout))


class CNO(AbstractGridNetwork):
    """Lifting, ``levels`` filtered blocks that halve the grid, as many that double it, and a projection.

    Level l has ``width 2^l`` channels. What goes across from the way down passes ``residuals`` residual blocks, at the
    bottom ``bottom`` of them. Activations act on a grid of twice as many points and are filtered down to the waves of
    the grid wanted: exactly, where the paper's code has windowed filters, by trigonometric sums on periodic axes and
    sums of cosines between walls (`filtered_activation`). Convolutions of 3 points are in grid units, so the operator
    belongs to one spacing; `AtResolution` holds it there, as the paper does. ``padding`` and ``condition`` are
    `SineNet`'s.

    Raises ``ValueError`` where a grid cannot be halved ``levels`` times, or lies on neither equal cells nor a
    periodic axis.
    """

    about: ClassVar[About] = About("Raonic et al., NeurIPS 2023, arXiv 2302.01178", "grid", False)

    lifting: FilteredBlock
    down: tuple[FilteredBlock, ...]
    across: tuple[tuple[FilteredResidual, ...], ...]
    bottom: tuple[FilteredResidual, ...]
    up: tuple[FilteredBlock, ...]
    projection: tuple[FilteredBlock, Convolution]
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
        width: int = 32,
        levels: int = 3,
        residuals: int = 1,
        bottom: int = 4,
        padding: str = "boundary",
        condition: Condition = (),
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        boundary = stencil_boundary(target, padding)
        keys = iter(jax.random.split(key, levels * (residuals + 2) + bottom + 4))
        e = 4 * width if condition else None
        self.source, self.target, self.on, self.embedding = source, target, on, None
        self.condition = ParameterEmbedding(condition, 4 * width, key=next(keys)) if condition else None
        c = [width * 2**level for level in range(levels + 1)]

        def block(i, o, norm=True):
            return FilteredBlock(boundary, i, o, e, norm, key=next(keys))

        def residual(channels):
            return FilteredResidual(boundary, channels, e, key=next(keys))

        self.lifting = block(source.channels, width, norm=False)
        self.down = tuple(block(n, 2 * n) for n in c[:-1])
        self.across = tuple(tuple(residual(n) for _ in range(residuals)) for n in c[:-1])
        self.bottom = tuple(residual(c[-1]) for _ in range(bottom))
        # The coarsest state has met nothing to be joined with; the others are twice as wide when they are read.
        self.up = tuple(block(n if n == c[-1] else 2 * n, n // 2) for n in c[1:])
        last = Convolution(boundary, width, target.channels, use_bias=True, key=next(keys))
        self.projection = block(2 * width, width, norm=False), last
        if on is not None:
            self.check_grid(on)

    @property
    def halvings(self) -> int:
        return len(self.down)

    def check_grid(self, grid: Grid) -> None:
        super().check_grid(grid)
        if unfit := {"nodes", "chebyshev"}.intersection(grid.layout):
            raise ArgumentError(
                f"CNO filters waves on periodic axes and on equal cells; got a grid with layout {sorted(unfit)}. "
                "Resample the data to layout 'cells'."
            )

    def network(self, x: Array, grid: Grid, e: Array | None) -> Array:
        layout, states = grid.layout, []
        x = self.lifting(x, x.shape[:-1], layout, e)
        for block, residuals in zip(self.down, self.across, strict=True):
            state = x
            for residual in residuals:
                state = residual(state, layout, e)
            states.append(state)
            x = block(x, [n // 2 for n in x.shape[:-1]], layout, e)
        for residual in self.bottom:
            x = residual(x, layout, e)
        for block in reversed(self.up):
            x = block(x, [2 * n for n in x.shape[:-1]], layout, e)
            x = jnp.concatenate([x, states.pop()], axis=-1)
        block, last = self.projection
        return last(block(x, x.shape[:-1], layout, e), layout)
