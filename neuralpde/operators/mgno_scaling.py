"""A V-cycle in physical units: one linear map between functions, read on whatever grid they are sampled on."""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import transfer
from neuralpde.spaces import FunctionSpace, Grid

from .mgno_cycle import VCycle, level_grids

HALVINGS = 2
"""Halvings of the grid of training that lead to the finest level of the V-cycle, where there are levels enough."""


class PhysicalCycle(eqx.Module):
    """``W_h = E W_H M`` on grids of any spacing h: M goes to the levels of a V-cycle W_H, E comes back.

    The levels have the spacings H, 2 H, 4 H, ... wherever the operator is applied, and H is four times the spacing of
    the grid ``on``. M takes means over cells of size H where h < H and interpolates where h > H; E interpolates, or takes
    means (`transfer`). As h -> 0, M f tends to the means of the function f, with order two where f is smooth, and
    E W_H M f is a piecewise linear function that does not depend on h. Pointwise maps commute with sampling, so an
    operator made of both converges to one continuum operator.

    With H the spacing of ``on`` itself, M and E would be the identity in training and smooth everything elsewhere. Here
    they are trained with, and elsewhere the means are only more accurate, or less: of 4^d points in training, of 2^d on
    a grid half as fine. E and M take the place of the first two levels of ``schedule``, and the V-cycle has the others;
    of two levels they take the place of one, and H is twice the spacing of ``on``.
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
        if on is None or len(schedule) < 2:
            raise ArgumentError(
                "MgNO with physical_scaling=True wants the grid of training, on=Grid(...), and at least 2 levels; "
                f"got on={on} and levels={len(schedule)}."
            )
        halvings = min(HALVINGS, len(schedule) - 1)
        self.on = level_grids(on, 1 + halvings)[-1]
        self.cycle = VCycle(space, c_f, c_u, schedule[halvings:], on=self.on, key=key, **options)

    def __call__(self, f: Float[Array, "*n c_f"], grid: Grid) -> Float[Array, "*n c_u"]:
        return transfer(self.cycle(transfer(f, grid, self.on), self.on), self.on, grid)
