"""Patches of fixed physical size: a function becomes a fixed number of tokens, whatever the grid, and back.

A token is an integral of the function against a learned kernel on its patch. The kernels are spanned by products of
Legendre polynomials, so a patch keeps the first moments of the function on it.
"""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Box, Grid

from .pointwise import Pointwise


class PatchEncoding(eqx.Module):
    """``token_t = (1 / |P_t|) int_P_t kappa(x - x_t) u(x) dx + b`` with a learned kernel kappa.

    ``patches`` an axis, ``moments`` Legendre polynomials an axis in kappa.
    """

    kappa: Pointwise
    patches: tuple[int, ...] = eqx.field(static=True)
    moments: int = eqx.field(static=True)

    def __init__(self, patches: Sequence[int], moments: int, channels: int, width: int, *, key: PRNGKeyArray):
        self.patches, self.moments = tuple(patches), moments
        self.kappa = Pointwise(channels * moments ** len(self.patches), width, key=key)

    def __call__(self, u: Float[Array, "*n c"], grid: Grid) -> Float[Array, "t width"]:
        """Tokens in row-major order of the patches."""
        dim = len(self.patches)
        for axis in range(dim):
            matrix = patch_moments(grid, axis, self.patches[axis], self.moments).astype(u.dtype)
            u = jnp.tensordot(u, matrix, axes=((0,), (2,)))
        # (c, t_1, j_1, t_2, j_2, ...): moments j beside the channels
        u = u.transpose(*range(1, 2 * dim, 2), 0, *range(2, 2 * dim + 1, 2))
        return self.kappa(u.reshape(-1, u.shape[dim] * self.moments**dim))


class PatchDecoding(eqx.Module):
    """``v(x) = sum_t w(x - x_t) psi(x - x_t) token_t``: polynomials psi about each centre, learned, blended by hats w.

    The hats reach to the neighbouring centres and add up to one: v is continuous.
    """

    psi: Pointwise
    patches: tuple[int, ...] = eqx.field(static=True)
    moments: int = eqx.field(static=True)

    def __init__(self, patches: Sequence[int], moments: int, width: int, channels: int, *, key: PRNGKeyArray):
        self.patches, self.moments = tuple(patches), moments
        self.psi = Pointwise(width, channels * moments ** len(self.patches), key=key)

    def __call__(self, tokens: Float[Array, "t width"], grid: Grid) -> Float[Array, "*n c"]:
        dim = len(self.patches)
        v = self.psi(tokens).reshape(*self.patches, *(self.moments,) * dim, -1)
        v = v.transpose(*(i for axis in range(dim) for i in (axis, dim + axis)), 2 * dim)
        for axis in range(dim):
            matrix = blended_polynomials(grid, axis, self.patches[axis], self.moments).astype(v.dtype)
            v = jnp.tensordot(v, matrix, axes=((0, 1), (1, 2)))
        return jnp.moveaxis(v, 0, -1)


def patch_moments(grid: Grid, axis: int, patches: int, moments: int) -> Float[Array, "t j n"]:
    """Weights of the Legendre moments ``(1 / |P_t|) int_P_t p_j u dx`` of one axis, p_j of mean square one on P_t.

    u is constant on the cell around each point and p_j is integrated exactly, which is of second order wherever the
    cells lie across the patches.
    """
    box_axis, x = grid.domain.axes[axis], grid.axis_coords(axis)
    middles = (x[1:] + x[:-1]) / 2
    if box_axis.periodic:
        first = (x[:1] + x[-1:] - box_axis.length) / 2
        edges = jnp.concatenate([first, middles, first + box_axis.length])
    else:
        edges = jnp.concatenate([jnp.full(1, box_axis.lower), middles, jnp.full(1, box_axis.upper)])
    size = box_axis.length / patches
    lower = box_axis.lower + size * jnp.arange(patches)[:, None]
    xi = 2 * (edges - lower) / size - 1
    weights = jnp.diff(_legendre_integrals(jnp.clip(xi, -1, 1), moments), axis=-1)
    if box_axis.periodic:
        # The cell of the first point may begin before the axis does: that piece lies in the last patch.
        xi = xi + 2 * patches
        weights = weights + jnp.diff(_legendre_integrals(jnp.clip(xi, -1, 1), moments), axis=-1)
    return jnp.moveaxis(weights, 0, 1) / 2


def blended_polynomials(grid: Grid, axis: int, patches: int, moments: int) -> Float[Array, "n t j"]:
    """Hat functions times Legendre polynomials about the centres of the patches, at the points of one axis."""
    box_axis = grid.domain.axes[axis]
    centres = jnp.arange(patches) + 0.5
    position = (grid.axis_coords(axis) - box_axis.lower) * (patches / box_axis.length)
    offset = position[:, None] - centres
    if box_axis.periodic:
        offset = (offset + patches / 2) % patches - patches / 2
        hat = 1 - jnp.abs(offset)
    else:
        # Beyond the outermost centres there is no neighbour to blend with.
        hat = 1 - jnp.abs(jnp.clip(position, 0.5, patches - 0.5)[:, None] - centres)
    polynomials = _legendre(jnp.clip(offset, -1, 1), moments)
    return jnp.moveaxis(jnp.maximum(hat, 0) * polynomials, 0, -1)


def patch_centres(box: Box, patches: Sequence[int]) -> Float[Array, "t d"]:
    """Centres of the patches, in row-major order: the cells of a coarse grid."""
    return Grid(box, patches, "cells").coords().reshape(-1, box.dim)


def check_patches(box: Box, patches: int | Sequence[int], moments: int) -> tuple[int, ...]:
    """Patches of each axis, one number or several. Raises ``ValueError`` on what makes no patches."""
    several = (patches,) * box.dim if isinstance(patches, int) else tuple(patches)
    if len(several) != box.dim or moments < 1:
        raise ArgumentError(
            f"One number of patches an axis of {box.names} and at least one moment are needed; got patches={patches}, "
            f"moments={moments}."
        )
    for axis, count in zip(box.axes, several, strict=True):
        if count < (2 if axis.periodic else 1):
            raise ArgumentError(
                f"Axis {axis.name!r} needs at least {2 if axis.periodic else 1} patches to blend neighbours; got {count}."
            )
    return several


def _legendre(x: Array, count: int) -> Array:
    """``sqrt(2 j + 1) P_j(x)`` for j < count, by the three-term recurrence, stacked in front."""
    p = [jnp.ones_like(x), x]
    for j in range(1, count):
        p.append(((2 * j + 1) * x * p[j] - j * p[j - 1]) / (j + 1))
    return jnp.stack([(2 * j + 1) ** 0.5 * p[j] for j in range(count)])


def _legendre_integrals(x: Array, count: int) -> Array:
    """Antiderivatives of the same: ``(P_(j+1) - P_(j-1)) / (2 j + 1)``, and x for j = 0."""
    p = _legendre(x, count + 1)
    plain = [p[j] / (2 * j + 1) ** 0.5 for j in range(count + 1)]
    integrals = [x] + [(plain[j + 1] - plain[j - 1]) / (2 * j + 1) for j in range(1, count)]
    return jnp.stack([(2 * j + 1) ** 0.5 * integrals[j] for j in range(count)])
