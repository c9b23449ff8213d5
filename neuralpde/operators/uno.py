"""U-shaped neural operator (Rahman, Ross, Azizzadenesheli; TMLR 2023, arXiv 2204.11127)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import Pointwise, PointwiseMLP, SpectralConvolution, gelu, with_coordinates
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Grid

from .about import About
from .fno import modes_per_axis, wall_padding
from .operator import AbstractOperator, delivered, on_grid


class TransferLayer(eqx.Module):
    """``v <- sigma(K v + W v)`` from one grid to another: K v is evaluated there, W v is resampled."""

    K: SpectralConvolution
    W: Pointwise

    def __init__(self, modes: Sequence[int], inputs: int, outputs: int, padding: Sequence[float], *, key: PRNGKeyArray):
        key_k, key_w = jax.random.split(key)
        self.K = SpectralConvolution(modes, inputs, outputs, padding=padding, key=key_k)
        self.W = Pointwise(inputs, outputs, key=key_w)

    def __call__(self, v: Float[Array, "*n i"], grid: Grid, on: Grid) -> Float[Array, "*m o"]:
        return gelu(self.K(v, grid, on) + _resampled(self.W(v), grid, on))


class UNO(AbstractOperator):
    """U-shaped neural operator: Fourier layers down to coarser grids with more channels, and back up.

    On each of the ``levels`` grids the number of points halves and the number of channels, ``width`` on the finest,
    doubles. ``2 levels - 1`` layers: down, one on the coarsest grid, and up, where the channels of the way down are
    appended on the grid that they share. A layer to or from the second level has ``modes`` wavenumbers an axis, one
    level further down half of them, and so on. Features are resampled by their Fourier series on periodic axes and by
    cubic interpolation on others. ``coordinates``, ``projection`` and ``padding`` are as in `FNO`.

    Raises ``ValueError`` where a coarse grid does not resolve its modes, and where a periodic axis is to be padded.
    """

    about: ClassVar[About] = About("Rahman et al., TMLR 2023, arXiv 2204.11127", "grid", True)

    lifting: PointwiseMLP
    down: tuple[TransferLayer, ...]
    bottom: TransferLayer
    up: tuple[TransferLayer, ...]
    projection: PointwiseMLP
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    on: Grid | None = eqx.field(static=True)
    coordinates: bool = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        modes: int | Sequence[int] = 12,
        width: int = 16,
        levels: int = 3,
        projection: int | None = None,
        coordinates: bool = True,
        padding: float | Sequence[float] = 0.0,
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        modes = modes_per_axis(modes, source)
        shares = wall_padding(padding, source)
        self.source, self.target, self.on, self.coordinates = source, target, on, coordinates
        key_lift, key_project, *keys = jax.random.split(key, 2 * levels + 1)
        widths = [width * 2**level for level in range(levels)]

        def layer(level: int, inputs: int, outputs: int) -> TransferLayer:
            """A layer whose coarser grid is that of ``level``."""
            kept = [max(1, m >> max(0, level - 1)) for m in modes]
            return TransferLayer(kept, inputs, outputs, shares, key=keys.pop())

        steps = range(levels - 1)
        self.down = tuple(layer(level + 1, widths[level], widths[level + 1]) for level in steps)
        self.bottom = layer(levels - 1, widths[-1], widths[-1])
        # All but the first layer of the way up also read what the way down has appended.
        appended = [1 if level == levels - 2 else 2 for level in steps]
        self.up = tuple(layer(level + 1, appended[level] * widths[level + 1], widths[level]) for level in steps)
        channels = source.channels + (source.dim if coordinates else 0)
        self.lifting = PointwiseMLP(channels, 2 * width, width, key=key_lift)
        joined = width if levels == 1 else 2 * width
        self.projection = PointwiseMLP(joined, projection or 2 * width, target.channels, key=key_project)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        a = on_grid(self, u, self.on)
        grids = [a.on]
        for _ in self.down:
            grids.append(_halved(grids[-1]))
        v = self.lifting(with_coordinates(a) if self.coordinates else a.values)
        passed = []
        for level, layer in enumerate(self.down):
            passed.append(v)
            v = layer(v, grids[level], grids[level + 1])
        v = self.bottom(v, grids[-1], grids[-1])
        for level in reversed(range(len(self.up))):
            v = self.up[level](v, grids[level + 1], grids[level])
            v = jnp.concatenate([v, passed[level]], axis=-1)
        return delivered(Field(self.projection(v), a.on, self.target), u, at)


def _halved(grid: Grid) -> Grid:
    """The grid of the next level: half the points, or half the intervals between points that include both ends."""
    ends = (layout in ("nodes", "chebyshev") for layout in grid.layout)
    return grid.with_shape(
        *(max(2, (n - 1) // 2 + 1 if both else n // 2) for n, both in zip(grid.shape, ends, strict=True))
    )


def _resampled(v: Array, grid: Grid, on: Grid) -> Array:
    """Features have no boundary conditions: their space is free on walls."""
    space = FunctionSpace(grid.domain, tuple(f"v{i}" for i in range(v.shape[-1])))
    return Field(v, grid, space).resample(on).values
