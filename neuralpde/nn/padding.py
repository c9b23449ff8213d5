"""Extension of grid values past the sides of a domain, as boundary conditions prescribe it."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractBoundaryCondition, Dirichlet, FunctionSpace, Periodic

Sides = tuple[AbstractBoundaryCondition, AbstractBoundaryCondition]


def pad(
    values: Float[Array, "*grid c"],
    widths: Sequence[tuple[int, int]],
    boundary: Sequence[Sides],
    layout: Sequence[str],
) -> Float[Array, "*padded c"]:
    """Extend ``values`` by ``widths[axis] = (below, above)`` points on every axis.

    Hidden features obey the homogeneous condition: zero past a Dirichlet side, mirrored at a Neumann side (about
    the last node, or about the wall between cells), wrapped on a periodic axis, continued by the last value
    elsewhere.
    """
    for axis, (width, sides) in enumerate(zip(widths, boundary, strict=True)):
        for side, (count, condition) in enumerate(zip(width, sides, strict=True)):
            if count:
                by = [(0, 0)] * values.ndim
                by[axis] = (count, 0) if side == 0 else (0, count)
                values = _pad_side(values, by, condition.pad_mode, layout[axis], width, side)
    return values


def _pad_side(values, by, mode, layout, width, side):
    if mode == "wrap" and side == 1 and width[0]:
        # The lower side was extended first: what wraps around starts behind that extension.
        axis = next(i for i, pair in enumerate(by) if any(pair))
        stop = width[0] + by[axis][1]
        index = [slice(None)] * values.ndim
        index[axis] = slice(width[0], stop)
        return jnp.concatenate([values, values[tuple(index)]], axis=axis)
    if mode == "reflect" and layout == "cells":
        mode = "symmetric"
    return jnp.pad(values, by, mode=mode)


def is_zero_padding(boundary: Sequence[Sides]) -> bool:
    """Whether every side is extended by zeros, which a convolution does by itself at no cost."""
    return all(condition.pad_mode == "constant" for sides in boundary for condition in sides)


def stencil_boundary(space: FunctionSpace, padding: str = "boundary") -> tuple[Sides, ...]:
    """The conditions by which a network's stencils see past the sides of functions of ``space``.

    ``padding`` is "boundary" for the space's own, or "zeros" or "circular" for all axes whatever the space says, as
    many published networks have it. Raises ``ValueError`` for anything else.
    """
    uniform = {"zeros": Dirichlet(0.0), "circular": Periodic()}
    if padding == "boundary":
        return space.boundary
    if padding not in uniform:
        raise ArgumentError(f"padding is 'boundary', 'zeros' or 'circular', got {padding!r}.")
    return ((uniform[padding], uniform[padding]),) * space.dim
