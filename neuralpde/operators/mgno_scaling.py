"""A V-cycle in physical units: one linear map between functions, read on whatever grid they are sampled on."""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import transfer
from neuralpde.spaces import FunctionSpace, Grid

from .mgno_cycle import VCycle


class PhysicalCycle(eqx.Module):
    """``W_h = E W_H M`` on grids of any spacing h: M goes to the levels of a V-cycle W_H, E comes back.

    The levels keep the spacings H, 2 H, ... that they were trained with. M takes means over cells of size H where h < H
    and interpolates where h > H; E interpolates, or takes means (`transfer`). As h -> 0, M f tends to the means of the
    function f, with order h^2, and E W_H M f is a piecewise linear function that does not depend on h. Pointwise maps
    commute with sampling, so operators made of both converge to one continuum operator with order two.
    """

    cycle: VCycle
    on: Grid = eqx.field(static=True)

    def __init__(
        self,
        space: FunctionSpace,
        c_f: int,
        c_u: int,
        schedule: Sequence[tuple[int, int]],
        *,
        on: Grid | None,
        key: PRNGKeyArray,
        **options,
    ):
        if on is None:
            raise ArgumentError("MgNO with physical_scaling=True learns at the spacing of a grid: pass on=Grid(...).")
        self.cycle, self.on = VCycle(space, c_f, c_u, schedule, on=on, key=key, **options), on

    def __call__(self, f: Float[Array, "*n c_f"], grid: Grid) -> Float[Array, "*n c_u"]:
        return transfer(self.cycle(transfer(f, grid, self.on), self.on), self.on, grid)
