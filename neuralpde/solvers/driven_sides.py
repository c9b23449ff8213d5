"""Neumann data on the sides of a rectangle, in cosines along the side and exponentials away from it."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import Strip
from neuralpde.spaces import FunctionSpace, Grid
from neuralpde.spaces.series import Series, eigenfunctions

SIDE_MODES = 4096
"""Cosines along a side in closed forms: the error next to a jump, a distance d away, is that of 1 / (d SIDE_MODES^2)."""


class DrivenSide(NamedTuple):
    """A side with data that do not vanish, at the coordinate ``place`` of ``axis``."""

    axis: int
    place: float
    data: Strip

    def oriented(self, values: Float[Array, "along across"]) -> Array:
        """With the axes in the order of the domain."""
        return values if self.axis == 1 else values.T

    def moments(self, along: Series) -> Float[Array, " m"]:
        """Integrals of the data times each orthonormal cosine along the side."""
        lower, upper = (
            jnp.clip(end - along.axis.lower, 0, along.axis.length) for end in (self.data.lower, self.data.upper)
        )
        primitive = lambda x: x * jnp.sinc(along.kappa * x / jnp.pi)
        return self.data.height * (primitive(upper) - primitive(lower)) / jnp.sqrt(along.norm2)

    def screened(self, on: Grid, s: Float[Array, ""]) -> Float[Array, "n n"]:
        """The solution of -Laplace(u) + s u = 0 with these data: cosines along the side, exponentials away from it."""
        along = eigenfunctions(on.domain.axes[1 - self.axis], "cosine", SIDE_MODES)
        rate, length = jnp.sqrt(along.kappa**2 + s), on.domain.extents[self.axis]
        near = jnp.abs(on.axis_coords(self.axis) - self.place)[:, None]
        decay = (
            jnp.exp(-rate * near) * (1 + jnp.exp(-2 * rate * (length - near))) / (-rate * jnp.expm1(-2 * rate * length))
        )
        return self.oriented((orthonormal(along, on.axis_coords(1 - self.axis)) * self.moments(along)) @ decay.T)


def driven_sides(space: FunctionSpace) -> list[DrivenSide]:
    """The sides whose data do not vanish, under conditions of Neumann whose datum is a number or a `Strip`."""
    box, found = space.domain.bounds, []
    for axis, sides in enumerate(space.boundary):
        for place, side in zip((box.lower[axis], box.upper[axis]), sides, strict=True):
            whole = lambda g, along=box.axes[1 - axis], axis=axis: Strip(along.lower, along.upper, float(g), 1 - axis)
            data = side.g if isinstance(side.g, Strip) else whole(side.g)
            if data.height:
                found.append(DrivenSide(axis, place, data))
    return found


def orthonormal(series: Series, x: Float[Array, " n"]) -> Float[Array, "n m"]:
    """The eigenfunctions, each divided by its L2 norm."""
    return series.basis(x) / jnp.sqrt(series.norm2)
