"""MgNO: a neural operator whose linear maps are multigrid V-cycles (He, Liu, Xu; ICLR 2024, arXiv 2310.19809).

A layer is ``u <- sigma(W u + B u)`` where W is one multi-channel V-cycle without any nonlinearity inside it. The
symbols are the paper's: A the operator, S the smoother, R restriction of the right-hand side, Pi restriction of the
state, P prolongation. Every smoothing step owns its A and S; translation invariance is the only sharing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import Convolution, Pointwise, TransposedConvolution, gelu
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Grid

from .about import About
from .operator import AbstractOperator, delivered, on_grid


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

    ``schedule[l] = (pre, post)`` counts the smoothing steps of level l on the way down and up. With
    ``restrict_residual`` the coarse right-hand side is ``R * (f - A * u)``, as in classical multigrid; the
    published runs restrict f itself.
    """

    pre: tuple[tuple[Smoothing, ...], ...]
    post: tuple[tuple[Smoothing, ...], ...]
    Pi: tuple[Convolution, ...]
    R: tuple[Convolution, ...]
    P: tuple[TransposedConvolution, ...]
    restrict_residual: bool = eqx.field(static=True)

    def __init__(
        self,
        space: FunctionSpace,
        c_f: int,
        c_u: int,
        schedule: Sequence[tuple[int, int]],
        *,
        restrict_residual: bool = False,
        key: PRNGKeyArray,
    ):
        keys = iter(jax.random.split(key, 2 * sum(map(sum, schedule)) + 3 * len(schedule)))

        def conv(i, o, stride=1):
            return Convolution(space.boundary, i, o, stride=stride, key=next(keys))

        def smoothings(count, first):
            return tuple(Smoothing(None if first and i == 0 else conv(c_u, c_f), conv(c_f, c_u)) for i in range(count))

        coarse = range(len(schedule) - 1)
        self.pre = tuple(smoothings(count, level == 0) for level, (count, _) in enumerate(schedule))
        self.post = tuple(smoothings(count, False) for _, count in schedule)
        self.Pi = tuple(conv(c_u, c_u, stride=2) for _ in coarse)
        self.R = tuple(conv(c_f, c_f, stride=2) for _ in coarse)
        self.P = tuple(TransposedConvolution(space.boundary, c_u, c_u, key=next(keys)) for _ in coarse)
        self.restrict_residual = restrict_residual

    def __call__(self, f: Float[Array, "*n c_f"], layout: Sequence[str]) -> Float[Array, "*n c_u"]:
        u, states, sides = None, [], []
        for level, steps in enumerate(self.pre):
            for step in steps:
                u = step(u, f, layout)
            states.append(u)
            sides.append(f)
            if level < len(self.R):
                residual = f
                if self.restrict_residual and steps[-1].A is not None:
                    residual = f - steps[-1].A(u, layout)
                f = self.R[level](residual, layout)
                u = self.Pi[level](u, layout)
        for level in reversed(range(len(states))):
            if level < len(self.P):
                u = states[level] + self.P[level](u, layout)
            for step in self.post[level]:
                u = step(u, sides[level], layout)
        return u


class MgLayer(eqx.Module):
    """``u_out = W u + B u`` before the activation: a V-cycle W and a pointwise affine map B."""

    W: VCycle
    B: Pointwise

    def __call__(self, u: Float[Array, "*n i"], layout: Sequence[str]) -> Float[Array, "*n o"]:
        return self.W(u, layout) + self.B(u)


class MgNO(AbstractOperator):
    """Multigrid neural operator.

    ``width`` channels, ``depth`` layers, ``levels`` grids in each V-cycle. The schedule defaults to the published
    one: one pre-smoothing step on every level, two on the coarsest, no post-smoothing. Stencils extend past the
    sides as the target's boundary conditions say (zeros for Dirichlet, mirrored for Neumann, wrapped if
    periodic). Kernels are in grid units: they run on every grid whose sizes are divisible by 2^(levels-1), but
    learn one spacing; `AtResolution` holds the operator there.

    With width 24, depth 4 and 6 levels it has the 572,661 parameters of the paper's Darcy rough model.

    Raises ``ValueError`` where a grid cannot be halved ``levels - 1`` times.
    """

    about: ClassVar[About] = About("He, Liu, Xu, ICLR 2024, arXiv 2310.19809", "grid", False)

    layers: tuple[MgLayer, ...]
    head: Pointwise
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    on: Grid | None = eqx.field(static=True)
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        width: int = 24,
        depth: int = 4,
        levels: int = 6,
        schedule: Sequence[Sequence[int]] | None = None,
        restrict_residual: bool = False,
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        schedule = [(1, 0)] * (levels - 1) + [(2, 0)] if schedule is None else [tuple(s) for s in schedule]
        if any(len(counts) != 2 or counts[0] < 1 or counts[1] < 0 for counts in schedule):
            raise ArgumentError(
                f"MgNO's schedule is one (pre, post) pair a level with pre >= 1 and post >= 0, got {schedule}."
            )
        self.source, self.target, self.on = source, target, on
        self.activation = gelu
        key_head, *keys = jax.random.split(key, depth + 1)
        layers, channels = [], source.channels
        for key_layer in keys:
            key_w, key_b = jax.random.split(key_layer)
            cycle = VCycle(target, channels, width, schedule, restrict_residual=restrict_residual, key=key_w)
            layers.append(MgLayer(cycle, Pointwise(channels, width, key=key_b)))
            channels = width
        self.layers = tuple(layers)
        self.head = Pointwise(width, target.channels, use_bias=False, key=key_head)
        if on is not None:
            self._check(on)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        a = on_grid(self, u, self.on)
        self._check(a.on)
        values = a.values
        for layer in self.layers:
            values = self.activation(layer(values, a.on.layout))
        return delivered(Field(self.head(values), a.on, self.target), u, at)

    def _check(self, grid: Grid) -> None:
        levels = len(self.layers[0].W.pre)
        factor = 2 ** (levels - 1)
        if any(n % factor for n in grid.shape):
            fitting = min((n & -n).bit_length() for n in grid.shape)
            nearest = tuple(max(1, round(n / factor)) * factor for n in grid.shape)
            raise ArgumentError(
                f"MgNO with levels={levels} halves the grid {levels - 1} times, so each size must be divisible by "
                f"{factor}; got {grid.shape}. Use levels={fitting} or a grid such as {nearest}."
            )
