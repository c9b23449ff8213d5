"""Values of sampled functions anywhere: series on axes that have one, local polynomials on the others."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neuralpde.errors import ArgumentError

from .chebyshev import interpolation_matrix
from .grid import Grid
from .points import Points
from .series import grid_series, series_kind
from .space import FunctionSpace

WINDOW = {"nearest": 1, "linear": 2, "cubic": 4}


@dataclasses.dataclass(frozen=True)
class Local:
    """Each target coordinate is a weighted sum of p neighbours."""

    index: Int[Array, "m p"]
    weight: Float[Array, "m p"]


def axis_rule(
    grid: Grid,
    axis: int,
    space: FunctionSpace,
    x: Float[Array, " m"],
    method: str | None,
    kept: int | None = None,
) -> Local | Float[Array, "m n"]:
    """How values at coordinates ``x`` of one axis follow from the grid's: a dense matrix or local weights.

    None means the axis' series where it has one, else ``cubic``. ``kept`` cuts a Fourier, sine or cosine series to
    its first modes. Coordinates beyond a wall are moved to it.
    Raises ``ValueError`` on an unknown method.
    """
    box_axis = grid.domain.axes[axis]
    kind = series_kind(box_axis, grid.layout[axis], space.boundary[axis])
    if method not in (None, "spectral", *WINDOW):
        raise ArgumentError(
            f"Interpolation method is None, 'spectral', {', '.join(map(repr, WINDOW))}; got {method!r}."
        )
    if method == "spectral" and kind is None:
        raise ArgumentError(
            f"Axis {box_axis.name!r} has no series: its walls are not both homogeneous Dirichlet or both homogeneous "
            "Neumann; use method='cubic' or None."
        )
    if not box_axis.periodic:
        # Not jnp.clip: on a wall itself it would pass on half of the derivative.
        x = jnp.where(x < box_axis.lower, box_axis.lower, jnp.where(x > box_axis.upper, box_axis.upper, x))
    if kind is not None and method in (None, "spectral"):
        if kind == "chebyshev":
            return interpolation_matrix(grid.shape[axis], 2 * (x - box_axis.lower) / box_axis.length - 1)
        series, analysis = grid_series(grid, axis, kind)
        return series.basis(x)[:, :kept] @ analysis[:kept]
    return _local(grid, axis, x, min(WINDOW[method or "cubic"], grid.shape[axis]))


def _local(grid: Grid, axis: int, x: Float[Array, " m"], p: int) -> Local:
    """Lagrange weights on the p points around each coordinate, one-sided next to a wall."""
    nodes = grid.axis_coords(axis).astype(x.dtype)
    n, h = grid.shape[axis], grid.spacing[axis]
    offsets = jnp.arange(p)
    if grid.domain.axes[axis].periodic:
        position = (x - nodes[0]) / h
        start = jnp.round(position).astype(int) if p == 1 else jnp.floor(position).astype(int) - (p // 2 - 1)
        index = start[:, None] + offsets
        near = index.astype(x.dtype) * h + nodes[0]
        return Local(index % n, _lagrange(near, x))
    if p == 1:
        return Local(jnp.argmin(jnp.abs(x[:, None] - nodes), axis=1)[:, None], jnp.ones((len(x), 1), x.dtype))
    start = jnp.clip(jnp.searchsorted(nodes, x, side="right") - p // 2, 0, n - p)
    index = start[:, None] + offsets
    return Local(index, _lagrange(nodes[index], x))


def _lagrange(nodes: Float[Array, "m p"], x: Float[Array, " m"]) -> Float[Array, "m p"]:
    p = nodes.shape[1]
    other = ~jnp.eye(p, dtype=bool)
    numerator = jnp.where(other, (x[:, None] - nodes)[:, None, :], 1.0).prod(-1)
    denominator = jnp.where(other, nodes[:, :, None] - nodes[:, None, :], 1.0).prod(-1)
    return numerator / denominator


def to_grid(
    values: Float[Array, "*grid c"], grid: Grid, space: FunctionSpace, on: Grid, method: str | None
) -> Float[Array, "*new c"]:
    """Values on another grid of the same box, one axis after the other; series are cut to what a coarser grid holds."""
    for axis in range(grid.domain.dim):
        if (grid.shape[axis], grid.layout[axis]) == (on.shape[axis], on.layout[axis]):
            continue
        # A coarser grid gets the modes that it resolves, not their aliases; of a Fourier series, whole pairs.
        n = on.shape[axis]
        kept = None if n >= grid.shape[axis] else n - (n % 2 == 0 and grid.domain.axes[axis].periodic)
        rule = axis_rule(grid, axis, space, on.axis_coords(axis), method, kept)
        values = jnp.moveaxis(values, axis, 0)
        if isinstance(rule, Local):
            values = jnp.einsum("mp,mp...->m...", rule.weight.astype(values.dtype), values[rule.index])
        else:
            values = jnp.tensordot(rule.astype(values.dtype), values, axes=1)
        values = jnp.moveaxis(values, 0, axis)
    return values


def to_points(
    values: Float[Array, "*grid c"],
    grid: Grid,
    space: FunctionSpace,
    x: Float[Array, "m d"],
    method: str | None,
) -> Float[Array, "m c"]:
    """Values at scattered points: the first axis is contracted for all points, the others point by point."""
    for axis in range(grid.domain.dim):
        rule = axis_rule(grid, axis, space, x[:, axis], method)
        if isinstance(rule, Local):
            near = values[rule.index] if axis == 0 else jax.vmap(lambda v, i: v[i])(values, rule.index)
            values = jnp.einsum("mp,mp...->m...", rule.weight.astype(values.dtype), near)
        else:
            pattern = "mn,n...->m..." if axis == 0 else "mn,mn...->m..."
            values = jnp.einsum(pattern, rule.astype(values.dtype), values)
    return values


def from_points(values: Float[Array, "n c"], points: Points, x: Float[Array, "m d"]) -> Float[Array, "m c"]:
    """Moving least squares: the linear fit to the nearest points, weighted by distance; exact on linear functions."""
    d = points.domain.dim
    k = min(points.x.shape[0], 3 * (d + 1))

    def one(y):
        offset = points.x - y
        distance2 = jnp.sum(offset**2, axis=1)
        if points.mask is not None:
            distance2 = jnp.where(points.mask, distance2, jnp.inf)
        negative, index = jax.lax.top_k(-distance2, k)
        scale2 = jnp.maximum(-negative[-1], jnp.finfo(y.dtype).tiny)
        near = offset[index] / jnp.sqrt(scale2)
        weight = jnp.exp(-4 * jnp.sum(near**2, axis=1))
        basis = jnp.concatenate([jnp.ones((k, 1), y.dtype), near], axis=1)
        normal = basis.T @ (weight[:, None] * basis)
        # The tiny ridge keeps collinear neighbours solvable.
        normal = normal + 1e-6 * jnp.finfo(y.dtype).eps ** 0.5 * jnp.eye(d + 1, dtype=y.dtype)
        return jnp.linalg.solve(normal, basis.T @ (weight[:, None] * values[index]))[0]

    return jax.vmap(one)(x)
