"""The linear V-cycle of MgNO (He, Liu, Xu; ICLR 2024, arXiv 2310.19809), on any grid.

The symbols are the paper's: A the operator, S the smoother, R restriction of the right-hand side, Pi restriction of the
state, P prolongation. Every smoothing step owns its A and S; translation invariance is the only sharing.
"""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import Convolution, FieldNorm, LayerNorm, TransposedConvolution
from neuralpde.spaces import Dirichlet, FunctionSpace, Grid

Norm = FieldNorm | LayerNorm


class Smoothing(eqx.Module):
    """One step ``u <- u + S * (f - A * u)``; without A it starts from u = 0 and is ``u = S * f``."""

    A: Convolution | None
    S: Convolution

    def __call__(self, u: Array | None, f: Array, layout: Sequence[str]) -> Array:
        if u is None or self.A is None:
            return self.S(f, layout)
        return u + self.S(f - self.A(u, layout), layout)


class VCycle(eqx.Module):
    """Linear V-cycle: right-hand side f with c_f channels -> state u with c_u channels, finest level first.

    Level l + 1 has every second point of level l: ceil(n / 2) of n, or floor((n - 1) / 2) where ``pad_transfers`` is
    false, for then only points with both neighbours are kept. P leads back to the size that the level had, whatever it
    was; its kernel has 3 taps on an axis where that size is odd on the grid ``on``, which is the transpose of R, and 4
    elsewhere.

    ``schedule[l] = (pre, post)`` counts the smoothing steps of level l on the way down and up. With
    ``restrict_residual`` the coarse right-hand side is ``R * (f - A * u)``, as in classical multigrid; the published
    runs restrict f itself. ``use_bias`` adds a bias to A and S. With ``growing``, level l has (l + 1) times the channels
    of level 0. ``norm`` (``"field"`` or ``"grid"``, see `make_norm`) normalises u + P u_coarse on every level but the
    coarsest; the cycle is then no longer linear.
    """

    pre: tuple[tuple[Smoothing, ...], ...]
    post: tuple[tuple[Smoothing, ...], ...]
    Pi: tuple[Convolution, ...]
    R: tuple[Convolution, ...]
    P: tuple[TransposedConvolution, ...]
    norms: tuple[Norm, ...]
    restrict_residual: bool = eqx.field(static=True)
    pad_transfers: bool = eqx.field(static=True)

    def __init__(
        self,
        space: FunctionSpace,
        c_f: int,
        c_u: int,
        schedule: Sequence[tuple[int, int]],
        *,
        restrict_residual: bool = False,
        use_bias: bool = False,
        growing: bool = False,
        pad_transfers: bool = True,
        norm: str | None = None,
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        keys = iter(jax.random.split(key, 2 * sum(map(sum, schedule)) + 3 * len(schedule)))
        factor = [level + 1 if growing else 1 for level in range(len(schedule))]
        f, u = [c_f * k for k in factor], [c_u * k for k in factor]
        coarse = range(len(schedule) - 1)
        grids = [None] * len(schedule) if on is None else level_grids(on, len(schedule), pad_transfers)
        # Without padding nothing enters a transfer from outside.
        transfer_sides = space.boundary if pad_transfers else ((Dirichlet(), Dirichlet()),) * space.dim
        padding = int(pad_transfers)

        def conv(i, o):
            return Convolution(space.boundary, i, o, use_bias=use_bias, key=next(keys))

        def restriction(i, o):
            return Convolution(transfer_sides, i, o, stride=2, padding=padding, key=next(keys))

        def prolongation(i, o, fine):
            kernel = 4 if fine is None else [3 if n % 2 else 4 for n in fine.shape]
            return TransposedConvolution(transfer_sides, i, o, kernel, padding=padding, key=next(keys))

        def smoothings(count, level, is_first):
            return tuple(
                Smoothing(None if is_first and i == 0 else conv(u[level], f[level]), conv(f[level], u[level]))
                for i in range(count)
            )

        self.pre = tuple(smoothings(count, level, level == 0) for level, (count, _) in enumerate(schedule))
        self.post = tuple(smoothings(count, level, False) for level, (_, count) in enumerate(schedule))
        self.Pi = tuple(restriction(u[level], u[level + 1]) for level in coarse)
        self.R = tuple(restriction(f[level], f[level + 1]) for level in coarse)
        self.P = tuple(prolongation(u[level + 1], u[level], grids[level]) for level in coarse)
        self.norms = tuple(make_norm(norm, u[level], grids[level]) for level in coarse) if norm else ()
        self.restrict_residual, self.pad_transfers = restrict_residual, pad_transfers

    def __call__(self, f: Float[Array, "*n c_f"], grid: Grid) -> Float[Array, "*n c_u"]:
        grids = level_grids(grid, len(self.pre), self.pad_transfers)
        u, states, sides = None, [], []
        for level, steps in enumerate(self.pre):
            for step in steps:
                u = step(u, f, grid.layout)
            states.append(u)
            sides.append(f)
            if level < len(self.R):
                residual = f
                if self.restrict_residual and steps[-1].A is not None:
                    residual = f - steps[-1].A(u, grid.layout)
                f = self.R[level](residual, grid.layout)
                u = self.Pi[level](u, grid.layout)
        for level in reversed(range(len(states))):
            if level < len(self.P):
                u = states[level] + self.P[level](u, grid.layout, grids[level].shape)
                u = self.norms[level](u, grids[level]) if self.norms else u
            for step in self.post[level]:
                u = step(u, sides[level], grid.layout)
        return u


def make_norm(kind: str, channels: int, on: Grid | None) -> Norm:
    """``"field"``: a `FieldNorm`, for every grid; ``"grid"``: the published `LayerNorm`, which belongs to ``on``."""
    if kind == "field":
        return FieldNorm(channels)
    if kind != "grid":
        raise ArgumentError(f"A norm is 'field', 'grid' or None, got {kind!r}.")
    if on is None:
        raise ArgumentError("norm='grid' has a weight for every point of a grid: pass on=Grid(...), or use 'field'.")
    return LayerNorm(channels, on)


def level_grids(grid: Grid, levels: int, pad_transfers: bool = True) -> list[Grid]:
    """The grids of a V-cycle, finest first; raises ``ValueError`` where one cannot be halved any more."""
    grids = [grid]
    while len(grids) < levels:
        fine = grids[-1].shape
        shape = [(n + 1) // 2 if pad_transfers else (n - 1) // 2 for n in fine]
        least = [2 if layout in ("nodes", "chebyshev") else 1 for layout in grid.layout]
        if any(n < m or n == old for n, m, old in zip(shape, least, fine, strict=True)):
            raise ArgumentError(
                f"MgNO with levels={levels} halves the grid {levels - 1} times, and {grid.shape} ends at {fine} after "
                f"{len(grids) - 1}; use levels={len(grids)} or a grid with more points."
            )
        grids.append(grid.with_shape(*shape) if len(shape) > 1 else grid.with_shape(shape[0]))
    return grids
