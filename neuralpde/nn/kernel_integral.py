"""Convolution as an integral: a learned kernel with a fixed support in the units of the domain, in 1-3 dimensions.

Local integral layers of Liu-Schiaffini et al., ICML 2024 (arXiv 2402.16845), and of Berner et al. (arXiv 2506.10973),
with hat functions on a box in place of functions of radius and angle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Grid

from .padding import Sides, pad


class KernelIntegral(eqx.Module):
    """``(K v)(x) = int kappa(z) v(x + z) dz`` over ``|z_j| < radius_j``, ``kappa = sum_b W_b phi_b`` with W_b learned.

    ``phi_b`` are products of hat functions, ``hats`` an axis, on knots that divide [-radius, radius] evenly; each has
    the integral one, and kappa vanishes continuously at the cutoff. ``radius`` is a length, or one an axis, in the
    domain's units: the same parameters are one operator on every grid.

    On a grid each phi_b is integrated exactly against the piecewise linear interpolant of v, which converges with
    order two on uniform layouts and is exact on constants however coarse the grid. Past the sides v is extended as
    `pad` does; where that is by zeros, the integral ends at the wall. Next to a `Free` side between cells, where the
    value at the wall is not known, the order is one. The hats are separable, so the integrals are small matrix products,
    one an axis, and only the hats, not the points in the support, meet the channel matrices W_b.

    Raises ``ValueError`` on Chebyshev axes, and where a radius exceeds half of the domain.
    """

    weight: Float[Array, "*hats i o"]
    boundary: tuple[Sides, ...] = eqx.field(static=True)
    radius: tuple[float, ...] = eqx.field(static=True)

    def __init__(
        self,
        boundary: Sequence[Sides],
        in_channels: int,
        out_channels: int,
        *,
        radius: float | Sequence[float],
        hats: int = 3,
        gain: float = 1 / 3,
        key: PRNGKeyArray,
    ):
        self.boundary = tuple(boundary)
        dim = len(self.boundary)
        self.radius = (float(radius),) * dim if isinstance(radius, int | float) else tuple(map(float, radius))
        if len(self.radius) != dim or min(self.radius) <= 0 or hats < 1:
            raise ArgumentError(
                f"KernelIntegral in {dim} dimensions needs a positive radius, or {dim} of them, and at least one hat "
                f"an axis; got radius={radius}, hats={hats}."
            )
        shape = (hats,) * dim + (in_channels, out_channels)
        limit = math.sqrt(3 * gain / math.prod(shape[:-1]))
        self.weight = jax.random.uniform(key, shape, minval=-limit, maxval=limit)

    def __call__(self, v: Float[Array, "*n i"], grid: Grid) -> Float[Array, "*n o"]:
        """Apply to the values of one field on ``grid``."""
        check_radius(self.radius, grid)
        dim, hats = len(self.boundary), self.weight.shape[0]
        stencils = [hat_stencil(r, hats, h) for r, h in zip(self.radius, grid.spacing, strict=True)]
        reach = [len(stencil) // 2 for stencil in stencils]
        v = _ended_at_walls(v, self.boundary, grid.layout)
        z = pad(v, [(m, m) for m in reach], self.boundary, grid.layout)
        for axis, stencil in enumerate(stencils):
            z = _along(z, stencil, axis)
        # z is (*n, i, *hats): the means of every channel under every phi_b
        axes = (tuple(range(dim, 2 * dim + 1)), (dim, *range(dim)))
        return jnp.tensordot(z, self.weight.astype(z.dtype), axes)


def check_radius(radius: Sequence[float], grid: Grid) -> None:
    """Raise ``ValueError`` unless the support fits the grid's domain and its layouts are uniform."""
    for axis, r, layout in zip(grid.domain.axes, radius, grid.layout, strict=True):
        if layout == "chebyshev":
            raise ArgumentError(
                f"KernelIntegral needs equal spacing, and axis {axis.name!r} has Chebyshev points; resample the field "
                "to nodes or cells first."
            )
        if r > axis.length / 2:
            raise ArgumentError(
                f"KernelIntegral's radius {r:g} exceeds half of axis {axis.name!r}, {axis.length / 2:g}; choose a "
                "smaller radius, or a spectral convolution for what is global."
            )


def hat_stencil(radius: float, hats: int, h: float) -> np.ndarray:
    """``int phi_b(z) H(z / h - m) dz`` for every offset m and hat b, (offsets, hats); H is the hat of the grid.

    Hats are second differences of ``|x| / 2``, so their convolution is a fourth difference of ``|x|^3 / 12``.
    """
    width = 2 * radius / (hats + 1)
    reach = math.ceil(radius / h * (1 - 1e-12))
    knots = -radius + width * np.arange(1, hats + 1)
    s = h * np.arange(-reach, reach + 1)[:, None] - knots

    def cubes(shift: float) -> np.ndarray:
        return (np.abs(s + shift + h) ** 3 - 2 * np.abs(s + shift) ** 3 + np.abs(s + shift - h) ** 3) / 12

    return (cubes(width) - 2 * cubes(0.0) + cubes(-width)) / (width**2 * h)


def _ended_at_walls(v: Array, boundary: Sequence[Sides], layout: Sequence[str]) -> Array:
    """Half the value at a node where the extension by zeros begins: the end of a trapezium rule."""
    for axis, sides in enumerate(boundary):
        if layout[axis] != "nodes":
            continue
        for end, side in zip((0, -1), sides, strict=True):
            if side.pad_mode == "constant":
                v = v.at[(slice(None),) * axis + (end,)].multiply(0.5)
    return v


def _along(z: Array, stencil: np.ndarray, axis: int) -> Array:
    """Correlation of one axis with every column of ``stencil``, (offsets, hats), which become a new last axis.

    As a banded matrix: with few channels a step, a product of matrices is 5 times faster than a convolution.
    """
    offsets, n = len(stencil), z.shape[axis] - len(stencil) + 1
    offset = jnp.arange(z.shape[axis]) - jnp.arange(n)[:, None]
    inside = (offset >= 0) & (offset < offsets)
    band = jnp.where(inside[..., None], jnp.asarray(stencil, z.dtype)[jnp.clip(offset, 0, offsets - 1)], 0)
    return jnp.moveaxis(jnp.tensordot(band, z, axes=(1, axis)), (0, 1), (axis, -1))
