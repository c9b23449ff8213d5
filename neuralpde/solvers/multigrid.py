"""Geometric multigrid for cell-centred diffusion with jumping coefficients, as a preconditioner.

Cells are merged in pairs, one axis after the other, so that every length is allowed (an odd one leaves its
last cell alone). Conductances are merged by the laws of resistors: in series along the merged axis, in
parallel across it; that is the harmonic mean of the finite volumes again. Corrections are interpolated by the
same resistors, that is, with a continuous flux over each face (Alcouffe, Brandt, Dendy & Painter, "The
multi-grid method for the diffusion equation with strongly discontinuous coefficients", SIAM J. Sci. Stat.
Comput. 2 (1981) 430). Restriction is the transpose and the smoother a Chebyshev polynomial, so the cycle is
symmetric and positive: what conjugate gradients need.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .finite_volume import Diffusion, along

COARSEST = 16


class Transfer(eqx.Module):
    """Interpolation along one axis from merged cells: each half takes a share of the neighbour beside it."""

    lower: Float[Array, "*coarse"]
    upper: Float[Array, "*coarse"]
    axis: int = eqx.field(static=True)
    length: int = eqx.field(static=True)
    periodic: bool = eqx.field(static=True)

    def prolong(self, u: Float[Array, "*coarse"]) -> Float[Array, "*fine"]:
        before, after = self._neighbours(u)
        halves = jnp.stack([u + self.lower * (before - u), u + self.upper * (after - u)], axis=self.axis + 1)
        shape = (*u.shape[: self.axis], 2 * u.shape[self.axis], *u.shape[self.axis + 1 :])
        return along(halves.reshape(shape), self.axis, 0, self.length)

    def restrict(self, r: Float[Array, "*fine"]) -> Float[Array, "*coarse"]:
        """The transpose of `prolong`."""
        first, second = along(r, self.axis, 0, None, 2), along(r, self.axis, 1, None, 2)
        second = _padded(second, self.axis, 0, first.shape[self.axis] - second.shape[self.axis])
        to_before, to_after = self.lower * first, self.upper * second
        _, from_after = self._neighbours(to_before)
        from_before, _ = self._neighbours(to_after)
        return first - to_before + second - to_after + from_after + from_before

    def _neighbours(self, u):
        if self.periodic:
            return jnp.roll(u, 1, self.axis), jnp.roll(u, -1, self.axis)
        shifted = along(u, self.axis, 0, -1), along(u, self.axis, 1)
        return _padded(shifted[0], self.axis, 1, 0), _padded(shifted[1], self.axis, 0, 1)


def merge(operator: Diffusion, axis: int) -> tuple[Diffusion, Transfer]:
    """Merge pairs of cells along one axis: the coarser operator and the interpolation from it."""
    n, periodic = operator.shape[axis], operator.periodic[axis]
    t = operator.faces[axis]
    # From the centre of a merged cell to that of its halves: half the resistance between the two.
    half = _padded(0.5 / along(t, axis, 1, n, 2), axis, 0, n % 2)
    outer = jnp.concatenate([along(t, axis, 0, n, 2), along(t, axis, n)], axis)
    if periodic:
        before, after = along(half, axis, -1), along(half, axis, 0, 1)
        left, right = jnp.concatenate([before, half], axis), jnp.concatenate([half, after], axis)
    else:
        left, right = _padded(half, axis, 1, 0), _padded(half, axis, 0, 1)
    merged = outer / (1 + outer * (left + right))
    transfer = Transfer(half * along(merged, axis, 0, -1), half * along(merged, axis, 1), axis, n, periodic)
    faces = [merged if i == axis else _pair_sums(s, axis) for i, s in enumerate(operator.faces)]
    return Diffusion(tuple(faces), operator.periodic), transfer


class Level(eqx.Module):
    """One grid of the hierarchy and the way to the next coarser one."""

    operator: Diffusion
    inverse_diagonal: Float[Array, "*cell"]
    transfers: tuple[Transfer, ...]


class VCycle(eqx.Module):
    """An approximate inverse of a `Diffusion`: one V-cycle from a zero guess, ``z = M r``.

    ``sweeps`` is the degree of the Chebyshev smoother, before and after the coarser grids. On a ``singular``
    operator, whose null space is the constants, the coarsest correction is chosen with mean zero.
    """

    levels: tuple[Level, ...]
    coarsest: Float[Array, "cells cells"]
    sweeps: int = eqx.field(static=True)

    def __init__(self, operator: Diffusion, spacing: Sequence[float], singular: bool, sweeps: int = 2):
        levels, spacing = [], list(spacing)
        while math.prod(operator.shape) > COARSEST:
            coarser, transfers = operator, []
            for axis in merging_axes(operator.shape, spacing):
                coarser, transfer = merge(coarser, axis)
                transfers.append(transfer)
                spacing[axis] *= 2
            levels.append(Level(operator, 1 / operator.diagonal(), tuple(transfers)))
            operator = coarser
        self.levels, self.coarsest, self.sweeps = tuple(levels), _inverse(operator, singular), sweeps

    def __call__(self, r: Float[Array, "*cell"]) -> Float[Array, "*cell"]:
        return self._cycle(r, 0)

    def _cycle(self, r, depth: int):
        if depth == len(self.levels):
            return (self.coarsest @ r.reshape(-1)).reshape(r.shape)
        level = self.levels[depth]
        smooth = chebyshev(level.operator, level.inverse_diagonal, self.sweeps)
        u = smooth(r)
        coarse = r - level.operator(u)
        for transfer in level.transfers:
            coarse = transfer.restrict(coarse)
        correction = self._cycle(coarse, depth + 1)
        for transfer in reversed(level.transfers):
            correction = transfer.prolong(correction)
        u = u + correction
        return u + smooth(r - level.operator(u))


def merging_axes(shape: tuple[int, ...], spacing: Sequence[float]) -> list[int]:
    """Axes along which cells are merged: those of nearly the finest spacing, so that cells become cubes."""
    finest = min(h for n, h in zip(shape, spacing, strict=True) if n > 1)
    return [i for i, (n, h) in enumerate(zip(shape, spacing, strict=True)) if n > 1 and h < 1.5 * finest]


def chebyshev(operator: Diffusion, inverse_diagonal: Float[Array, "*cell"], degree: int) -> Callable[[Array], Array]:
    """The polynomial smoother ``r -> p(D^-1 A) D^-1 r`` (Saad, "Iterative Methods for Sparse Linear Systems",
    2003, algorithm 12.1), damping the errors that coarser cells cannot hold.

    The eigenvalues of D^-1 A lie below 2 (Gershgorin); those of the rough errors of the d-dimensional
    Laplacian above 1/d.
    """
    upper, lower = 2.0, 1.0 / len(operator.faces)
    centre, radius = (upper + lower) / 2, (upper - lower) / 2

    def smooth(r):
        step = inverse_diagonal * r / centre
        u, rho = step, radius / centre
        for _ in range(degree - 1):
            following = 1 / (2 * centre / radius - rho)
            residual = inverse_diagonal * (r - operator(u))
            step = following * rho * step + 2 * following / radius * residual
            u, rho = u + step, following
        return u

    return smooth


def _inverse(operator: Diffusion, singular: bool) -> Float[Array, "cells cells"]:
    cells = math.prod(operator.shape)
    unit = jnp.eye(cells, dtype=operator.faces[0].dtype)
    matrix = jax.vmap(lambda e: operator(e.reshape(operator.shape)).reshape(cells))(unit)
    if singular:
        # Adding a multiple of the projection onto constants leaves the inverse on all others as it is.
        matrix = matrix + jnp.mean(jnp.diagonal(matrix)) / cells
    return positive_inverse(matrix)


def positive_inverse(matrix: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Inverse of a small symmetric positive matrix: Gauss-Jordan elimination in place, without pivots.

    Under `vmap` one step works on all matrices at once, where a library would be called for each of them.
    """

    def eliminate(k, a):
        row, column = a[k] / a[k, k], a[:, k]
        reduced = a - column[:, None] * row
        return reduced.at[k].set(row).at[:, k].set(-column / a[k, k]).at[k, k].set(1 / a[k, k])

    return jax.lax.fori_loop(0, matrix.shape[0], eliminate, matrix)


def _pair_sums(values, axis):
    first, second = along(values, axis, 0, None, 2), along(values, axis, 1, None, 2)
    return first + _padded(second, axis, 0, first.shape[axis] - second.shape[axis])


def _padded(values, axis, before, after):
    return jnp.pad(values, [(before, after) if i == axis else (0, 0) for i in range(values.ndim)])
