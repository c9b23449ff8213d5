"""Halving and doubling of a grid of cells: pooling and bicubic interpolation, in 1-3 dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from neuralpde.spaces import Free, Periodic

from .padding import Sides, pad

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
    for axis, sides in enumerate(boundary):
        x = _double(x, axis, sides)
    return x


def _double(x: Array, axis: int, sides: Sides) -> Array:
    n, dim = x.shape[axis], x.ndim - 1
    # What a convolution sees past a wall is not what interpolation should see there.
    ends = tuple(side if isinstance(side, Periodic) else Free() for side in sides)
    widths = [(2, 2) if i == axis else (0, 0) for i in range(dim)]
    x = pad(x, widths, [(ends[0], ends[1])] * dim, ("cells",) * dim)
    near = [lax.slice_in_dim(x, i, i + n, axis=axis) for i in range(5)]
    below = sum(w * v for w, v in zip(reversed(TAPS), near[:4], strict=True))
    above = sum(w * v for w, v in zip(TAPS, near[1:], strict=True))
    shape = [2 * n if i == axis else m for i, m in enumerate(near[0].shape)]
    return jnp.stack([below, above], axis=axis + 1).reshape(shape)
