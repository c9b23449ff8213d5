"""Which points of a discretisation lie within a radius of others, with static shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy.spatial import KDTree

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDiscretization, AbstractDomain, Grid, Points

BLOCK = 256
"""Queries whose distances to all points are held at once."""


class Neighbours(eqx.Module):
    """For each of m queries, k places for neighbours; those not ``found`` hold any point.

    ``offset`` is ``(y - x) / radius`` of query x and neighbour y, the shorter way around on periodic axes.
    ``overflow`` marks the queries that have more neighbours than places.
    """

    index: Int[Array, "m k"]
    offset: Float[Array, "m k d"]
    found: Bool[Array, "m k"]
    overflow: Bool[Array, " m"]


def neighbours(
    on: AbstractDiscretization, x: Float[Array, "m d"], radius: Sequence[float], limit: int | None = None
) -> Neighbours:
    """The points y of ``on`` with ``|(y - x) / radius| < 1``, one radius an axis in the domain's units.

    On a `Grid` they are known from its spacing, all of them. Scattered points are compared with every query, in blocks,
    and the nearest ``limit`` are kept; left out, `default_limit` suits points of even density. Points outside a mask
    are nobody's neighbours.

    Raises ``ValueError`` where a radius exceeds half of a periodic axis.
    """
    _check_radius(on.domain, radius)
    if isinstance(on, Grid):
        index, there = _grid_candidates(on, jax.lax.stop_gradient(x), radius)
        y = jnp.stack([on.axis_coords(a)[i].astype(x.dtype) for a, i in enumerate(index)], axis=-1)
        flat = jnp.ravel_multi_index(index, on.shape, mode="clip")
        overflow = jnp.zeros(len(x), bool)
    else:
        limit = default_limit(on, radius) if limit is None else min(limit, on.shape[0])
        flat, overflow = _search(on, jax.lax.stop_gradient(x), radius, limit)
        y = on.coords()[flat].astype(x.dtype)
        there = jnp.ones(flat.shape, bool) if getattr(on, "mask", None) is None else on.mask[flat]
    offset = _offset(on.domain, y, x[:, None], radius)
    return Neighbours(flat, offset, there & (jnp.sum(offset**2, axis=-1) < 1), overflow)


def default_limit(on: Points, radius: Sequence[float]) -> int:
    """Places for the neighbours in a cloud of even density: six deviations above the expected number."""
    expected = on.shape[0] * math.prod(radius) * ball_volume(on.domain.dim) / on.domain.volume
    return min(on.shape[0], math.ceil(expected + 6 * math.sqrt(expected) + 8))


def ball_volume(dim: int) -> float:
    """Volume of the unit ball."""
    return math.pi ** (dim / 2) / math.gamma(dim / 2 + 1)


def check_limit(on: AbstractDiscretization, radius: Sequence[float], limit: int | None) -> None:
    """Raise ``ValueError`` where points known now have more neighbours among themselves than there are places."""
    if not isinstance(on, Points) or isinstance(on.x, jax.core.Tracer):
        return
    x = np.asarray(on.x) if on.mask is None else np.asarray(on.x)[np.asarray(on.mask)]
    lower, period = _periods(on.domain)
    scaled, box = (x - lower) / radius, np.where(np.isfinite(period), period / radius, 0.0)
    # The tree wants periodic coordinates in [0, box); the remainder of a small negative number is rounded to box.
    wrapped = np.where(box > 0, np.mod(scaled, np.where(box > 0, box, 1.0)), scaled)
    wrapped = np.where((box > 0) & (wrapped >= box), 0.0, wrapped)
    most = int(KDTree(wrapped, boxsize=box).query_ball_point(wrapped, 1.0, return_length=True).max())
    places = default_limit(on, radius) if limit is None else limit
    if most > places:
        raise ArgumentError(
            f"A point of the cloud has {most} neighbours within the radius and there are {places} places for them; pass "
            f"limit={most} or more, or a smaller radius."
        )


def _check_radius(domain: AbstractDomain, radius: Sequence[float]) -> None:
    _, periods = _periods(domain)
    for name, r, period in zip(domain.names, radius, periods, strict=True):
        if r > period / 2:
            raise ArgumentError(
                f"Neighbours within {r:g} on the periodic axis {name!r} would be counted twice: it is {period:g} long; "
                "choose a radius of at most half of that."
            )


def _periods(domain: AbstractDomain) -> tuple[np.ndarray, np.ndarray]:
    """Lower end and length of each axis, infinite where it is not periodic."""
    box = domain.bounds
    lengths = [axis.length if axis.periodic else math.inf for axis in box.axes]
    return np.asarray(box.lower), np.asarray(lengths)


def _offset(domain: AbstractDomain, y: Array, x: Array, radius: Sequence[float]) -> Array:
    z = y - x
    _, periods = _periods(domain)
    if np.isfinite(periods).any():
        period = jnp.asarray(np.where(np.isfinite(periods), periods, 1.0), z.dtype)
        z = jnp.where(jnp.asarray(np.isfinite(periods)), z - period * jnp.round(z / period), z)
    return z / jnp.asarray(radius, z.dtype)


def _search(on: Points, x: Array, radius: Sequence[float], limit: int) -> tuple[Array, Array]:
    y = jax.lax.stop_gradient(on.coords())

    def one(query):
        distance = jnp.sum(_offset(on.domain, y, query, radius) ** 2, axis=-1)
        if on.mask is not None:
            distance = jnp.where(on.mask, distance, jnp.inf)
        return jax.lax.top_k(-distance, limit)[1], jnp.sum(distance < 1) > limit

    return jax.lax.map(one, x, batch_size=BLOCK)


def _grid_candidates(grid: Grid, x: Array, radius: Sequence[float]) -> tuple[tuple[Array, ...], Array]:
    """Indices of the points in a box around each query, one array (m, k) an axis, and which of them exist."""
    dim, index, there = grid.domain.dim, [], jnp.ones((len(x), *(1,) * grid.domain.dim), bool)
    for axis, (n, h, r) in enumerate(zip(grid.shape, grid.spacing, radius, strict=True)):
        reach = math.floor(r / h + 0.5)
        if 2 * reach + 1 >= n or grid.layout[axis] == "chebyshev":
            i = jnp.broadcast_to(jnp.arange(n), (len(x), n))
        else:
            nearest = jnp.round((x[:, axis] - grid.axis_coords(axis)[0]) / h).astype(int)
            i = nearest[:, None] + jnp.arange(-reach, reach + 1)
        if grid.domain.axes[axis].periodic:
            i = i % n
        shape = [len(x), *(1,) * dim]
        shape[axis + 1] = i.shape[1]
        there = there & ((i >= 0) & (i < n)).reshape(shape)
        index.append(jnp.clip(i, 0, n - 1).reshape(shape))
    return tuple(jnp.broadcast_to(i, there.shape).reshape(len(x), -1) for i in index), there.reshape(len(x), -1)
