"""Halving and doubling of a grid of cells: pooling and bicubic interpolation, in 1-3 dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import Periodic

from .padding import Sides

TAPS = (-0.10546875, 0.87890625, 0.26171875, -0.03515625)
"""Weights of the points -1, 0, 1, 2 for the value at 1/4, by Keys' cubic kernel with a = -3/4."""


def average_pool(x: Float[Array, "*n c"]) -> Float[Array, "*m c"]:
    """Means of the 2^d cells that make one cell of the grid with half as many points an axis (sizes must be even)."""
    return jnp.mean(*_pairs(x))


def max_pool(x: Float[Array, "*n c"]) -> Float[Array, "*m c"]:
    """Greatest values among the 2^d cells of which `average_pool` takes the mean."""
    return jnp.max(*_pairs(x))


def _pairs(x: Array) -> tuple[Array, tuple[int, ...]]:
    """The points of every axis in pairs, and the axes along the pairs. A reduction over those has a cheap gradient."""
    dim = x.ndim - 1
    halves = [part for n in x.shape[:-1] for part in (n // 2, 2)]
    return x.reshape(*halves, x.shape[-1]), tuple(range(1, 2 * dim, 2))


def bicubic_upsample(x: Float[Array, "*n c"], boundary: Sequence[Sides]) -> Float[Array, "*m c"]:
    """Values on the grid with twice as many cells an axis, by cubic convolution with a = -3/4.

    Point i of the fine axis lies at (i + 1/2) / 2 - 1/2 of the coarse one. Past its ends an axis is wrapped where
    it is periodic and continued by its last value elsewhere.

    Keys, IEEE Trans. ASSP 29 (1981) 1153, shows that a = -1/2 alone makes the kernel exact for quadratics. With the
    -3/4 of the usual image libraries a straight line is missed by 3/64 of its step, up and down alternately.
    """
    for axis, (lower, _) in enumerate(boundary):
        # A product with a banded matrix: sums of shifted arrays have a gradient that is ten times slower on a CPU.
        matrix = _doubling_matrix(x.shape[axis], isinstance(lower, Periodic)).astype(x.dtype)
        x = jnp.moveaxis(jnp.tensordot(matrix, x, axes=(1, axis)), 0, axis)
    return x


def _doubling_matrix(n: int, periodic: bool) -> Float[Array, "m n"]:
    """The four weights of each fine point, at the columns of the coarse points that they belong to."""
    i, tap = jnp.arange(2 * n)[:, None], jnp.arange(4)
    weights = jnp.where(i % 2 == 1, jnp.asarray(TAPS), jnp.asarray(TAPS[::-1]))
    columns = i // 2 + tap - jnp.where(i % 2 == 1, 1, 2)
    columns = columns % n if periodic else jnp.clip(columns, 0, n - 1)
    return jnp.sum(jnp.where(columns[..., None] == jnp.arange(n), weights[..., None], 0.0), axis=1)
