"""MgNO: a neural operator whose linear maps are multigrid V-cycles (He, Liu, Xu; ICLR 2024, arXiv 2310.19809)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import Pointwise, gelu
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Grid

from .about import About
from .mgno_cycle import Norm, VCycle, make_norm
from .mgno_scaling import PhysicalCycle
from .operator import AbstractOperator, delivered, on_grid


class MgLayer(eqx.Module):
    """``N(W u) + B u`` before the activation: a V-cycle W, a norm N and a pointwise affine map B, where there are any."""

    W: VCycle | PhysicalCycle
    B: Pointwise | None
    N: Norm | None

    def __call__(self, u: Float[Array, "*n i"], grid: Grid) -> Float[Array, "*n o"]:
        v = self.W(u, grid)
        v = v if self.N is None else self.N(v, grid)
        return v if self.B is None else v + self.B(u)


class MgNO(AbstractOperator):
    """Multigrid neural operator: ``u <- gelu(W u + B u)`` ``depth`` times, then a linear head.

    ``width`` channels, ``levels`` grids in each V-cycle W. The schedule, one (pre, post) pair of smoothing steps a level,
    defaults to the published one: one pre-smoothing step on every level, two on the coarsest, no post-smoothing; given,
    it decides the number of levels. Stencils extend past the sides as the target's boundary conditions say (zeros for
    Dirichlet, mirrored for Neumann, wrapped if periodic). The arguments reach the variants of the paper:

    - Darcy: the defaults. 572,661 parameters with width 24, depth 4 and 6 levels; on 211 x 211 nodes, where P has 3 taps
      on levels of odd size, 678,093 with depth 5.
    - Navier-Stokes: ``use_bias`` in A and S, ``level_norm`` after each prolongation, no pointwise map (``skip=False``),
      and output = input + head (``residual``). 2,885,194 parameters with width 32, depth 5, schedule
      ``[[1, 0]] * 3 + [[2, 0]] * 2`` and ``level_norm="grid"`` on 64 x 64, of which 1,740,800 are those of the norms.
    - Helmholtz: ``use_bias``, ``cycle_norm`` after each V-cycle, ``skip=False``, level l with (l + 1) ``width`` channels
      (``growing``), strided convolutions without padding (``pad_transfers=False``), and a last V-cycle as head
      (``cycle_head``).

    A norm is ``"field"``, which serves every grid, or ``"grid"``, the published one with a weight for every point of
    ``on``. ``restrict_residual`` is explained at `VCycle`.

    Kernels are in grid units: they run on every grid that can be halved ``levels - 1`` times, but learn one spacing. With
    ``physical_scaling`` the levels keep the spacings of those of the grid ``on`` wherever the operator is applied, means
    and interpolation take the place of the first two (`PhysicalCycle`), and the operator converges with order two as
    grids are refined.

    Raises ``ValueError`` where a grid cannot be halved so often, or the arguments contradict one another.
    """

    about: ClassVar[About] = About("He, Liu, Xu, ICLR 2024, arXiv 2310.19809", "grid", False, "physical_scaling")

    layers: tuple[MgLayer, ...]
    head: Pointwise | VCycle | PhysicalCycle
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    on: Grid | None = eqx.field(static=True)
    residual: bool = eqx.field(static=True)
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
        use_bias: bool = False,
        growing: bool = False,
        pad_transfers: bool = True,
        level_norm: str | None = None,
        cycle_norm: str | None = None,
        skip: bool = True,
        residual: bool = False,
        cycle_head: bool = False,
        physical_scaling: bool = False,
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        if residual and source.channels != target.channels:
            raise ArgumentError(
                f"MgNO with residual=True adds its input to its output, so both need the same number of components; "
                f"got {source.names} and {target.names}."
            )
        cycle = functools.partial(
            PhysicalCycle if physical_scaling else VCycle,
            target,
            schedule=_schedule(schedule, levels),
            restrict_residual=restrict_residual,
            use_bias=use_bias,
            growing=growing,
            pad_transfers=pad_transfers,
            norm=level_norm,
            on=on,
        )
        self.source, self.target, self.on, self.residual = source, target, on, residual
        self.activation = gelu
        key_head, *keys = jax.random.split(key, depth + 1)
        layers, channels = [], source.channels
        for key_layer in keys:
            key_w, key_b = jax.random.split(key_layer)
            layers.append(
                MgLayer(
                    cycle(channels, width, key=key_w),
                    Pointwise(channels, width, key=key_b) if skip else None,
                    make_norm(cycle_norm, width, on) if cycle_norm else None,
                )
            )
            channels = width
        self.layers = tuple(layers)
        self.head = (
            cycle(width, target.channels, key=key_head)
            if cycle_head
            else Pointwise(width, target.channels, use_bias=False, key=key_head)
        )

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        a = on_grid(self, u, self.on)
        values = a.values
        for layer in self.layers:
            values = self.activation(layer(values, a.on))
        values = self.head(values) if isinstance(self.head, Pointwise) else self.head(values, a.on)
        values = a.values + values if self.residual else values
        return delivered(Field(values, a.on, self.target), u, at)


def _schedule(schedule: Sequence[Sequence[int]] | None, levels: int) -> list[tuple[int, int]]:
    """One (pre, post) pair a level."""
    if schedule is None:
        return [(1, 0)] * (levels - 1) + [(2, 0)]
    pairs = [tuple(counts) for counts in schedule]
    if any(len(counts) != 2 or counts[0] < 1 or counts[1] < 0 for counts in pairs):
        raise ArgumentError(
            f"MgNO's schedule is one (pre, post) pair a level with pre >= 1 and post >= 0, got {schedule}."
        )
    return pairs
