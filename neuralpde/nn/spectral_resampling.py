"""Changes of resolution that are maps of functions: band-limited resampling and means over fixed windows."""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field, FunctionSpace, Grid, Neumann, Periodic


class SpectralResample(eqx.Module):
    """The same function on ``factor`` times as many points, a number or one an axis; layouts are kept.

    Periodic axes are resampled by their Fourier series, the others by their cosine series (Chebyshev axes by their
    polynomial), cut to the modes that both grids hold. Down and up replace stride and upsampling; on periodic axes
    they are exact on functions that the coarser grid resolves.

    Raises ``ValueError`` where ``factor`` does not give a whole number of points (of intervals on ``nodes``).
    """

    factor: float | tuple[float, ...] = eqx.field(static=True)

    def __call__(self, v: Float[Array, "*n c"], grid: Grid) -> tuple[Float[Array, "*m c"], Grid]:
        """The values, and the grid they live on."""
        factors = (self.factor,) * len(grid.shape) if isinstance(self.factor, int | float) else self.factor
        new = Grid(grid.domain, tuple(map(_scaled, grid.shape, grid.layout, factors)), grid.layout)
        walls = [Periodic() if axis.periodic else Neumann(0.0) for axis in grid.domain.axes]
        space = FunctionSpace(grid.domain, tuple(f"c{i}" for i in range(v.shape[-1])), walls)
        return Field(v, grid, space).resample(new, "spectral").values, new


def _scaled(n: int, layout: str, factor: float) -> int:
    """Points of an axis after resampling; between nodes the intervals are counted."""
    ends = 1 if layout in ("nodes", "chebyshev") else 0
    count = (n - ends) * factor
    if abs(count - round(count)) > 1e-9 * n or round(count) < 1:
        raise ArgumentError(
            f"SpectralResample(factor={factor:g}) makes {count:g} intervals of {n - ends} on an axis of {layout!r}; "
            "choose a factor that gives a whole number."
        )
    return round(count) + ends


class PhysicalPool(eqx.Module):
    """Means over fixed windows: the domain is cut into ``windows`` equal cells an axis, whatever the grid.

    ``v_k = 1 / |cell_k| int over cell_k of v dx``, with v constant on the cell of each grid point, which keeps the
    integral of v over the domain and converges with order two. The result lives on the grid of the windows.
    """

    windows: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, windows: Sequence[int]):
        self.windows = tuple(windows)

    def __call__(self, v: Float[Array, "*n c"], grid: Grid) -> tuple[Float[Array, "*windows c"], Grid]:
        """The means, and the grid of the windows they live on."""
        for axis in range(len(grid.shape)):
            means = _window_means(grid, axis, self.windows[axis]).astype(v.dtype)
            v = jnp.moveaxis(jnp.tensordot(means, v, axes=(1, axis)), 0, axis)
        return v, Grid(grid.domain, self.windows, "cells")


def _window_means(grid: Grid, axis: int, windows: int) -> Float[Array, "windows n"]:
    """The part of each window that the cell of each point covers."""
    box_axis = grid.domain.axes[axis]
    ends = jnp.concatenate([jnp.zeros(1), jnp.cumsum(grid.axis_weights(axis))])
    if grid.layout[axis] == "periodic":
        ends = ends - grid.spacing[axis] / 2
    width = box_axis.length / windows
    start = width * jnp.arange(windows)[:, None]

    def covered(shift: float) -> Array:
        low, high = ends[:-1] + shift, ends[1:] + shift
        return jnp.clip(jnp.minimum(high, start + width) - jnp.maximum(low, start), 0.0)

    # The first cell of a periodic axis begins before the axis does, and ends the last window.
    total = covered(0.0) + (covered(box_axis.length) if box_axis.periodic else 0.0)
    return total / width
