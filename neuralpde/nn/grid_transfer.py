"""Values on another grid of the same box: means over cells where it is coarser, linear interpolation where it is finer."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import FunctionSpace, Grid
from neuralpde.spaces.interpolation import to_grid


def transfer(values: Float[Array, "*n c"], grid: Grid, to: Grid) -> Float[Array, "*m c"]:
    """Axis by axis: on a coarser one each point gets the mean over its cell, on a finer one the linear interpolant.

    Of a fixed grid ``to``, the result for samples of one function converges with order two as ``grid`` is refined, to
    the means over the cells of ``to``; of a fixed ``grid``, the result is the same function wherever it is read.
    """
    for axis, (n, m) in enumerate(zip(grid.shape, to.shape, strict=True)):
        if m < n:
            means = jnp.tensordot(_means(grid, to, axis).astype(values.dtype), values, axes=(1, axis))
            values = jnp.moveaxis(means, 0, axis)
    shape = [min(n, m) for n, m in zip(grid.shape, to.shape, strict=True)]
    return to_grid(values, Grid(grid.domain, shape, grid.layout), FunctionSpace(grid.domain), to, "linear")


def _means(grid: Grid, to: Grid, axis: int) -> Float[Array, "m n"]:
    """Share of each cell of ``grid`` in each cell of ``to``."""
    lower, upper = _cells(grid, axis)
    lower_to, upper_to = _cells(to, axis)
    length = grid.domain.axes[axis].length
    shifts = (-length, 0.0, length) if grid.domain.axes[axis].periodic else (0.0,)
    overlaps = [
        jnp.maximum(jnp.minimum(upper_to[:, None], upper + s) - jnp.maximum(lower_to[:, None], lower + s), 0.0)
        for s in shifts
    ]
    overlap = jnp.stack(overlaps).sum(0)
    return overlap / overlap.sum(1, keepdims=True)


def _cells(grid: Grid, axis: int) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Lower and upper ends of the cells around the points of an axis: half-way to the neighbours, and the walls."""
    x, box_axis = grid.axis_coords(axis), grid.domain.axes[axis]
    if box_axis.periodic:
        return x - grid.spacing[axis] / 2, x + grid.spacing[axis] / 2
    between = (x[1:] + x[:-1]) / 2
    return jnp.append(jnp.full(1, box_axis.lower), between), jnp.append(between, box_axis.upper)
