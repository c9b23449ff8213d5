"""Functions in pieces, one network a cell, and how they look from both sides of an interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import Stacked
from neuralpde.spaces import AbstractFunction, Box, FunctionSpace, TaylorSeries, Value, linear

from .local import local_networks, local_values
from .partition import AbstractPartition, Cuts

Function = TypeVar("Function")


class Piecewise(AbstractFunction):
    """At x the network of the cell that x is in: what it does at interfaces is asked for by `Continuity`.

    side: a direction; the cell then is that next to x on this side (`beside`), a tiny part of the domain away.
    """

    networks: Stacked
    partition: AbstractPartition = eqx.field(static=True)
    space: FunctionSpace = eqx.field(static=True)
    side: Float[Array, " d"] | None = None

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        at = x.value if isinstance(x, TaylorSeries) else x
        box = self.space.domain.bounds
        if self.side is not None:
            step = np.sqrt(jnp.finfo(at.dtype).eps) * jnp.asarray(box.extents[: len(self.side)], at.dtype)
            at = at.at[: len(self.side)].add(step * self.side)
        cell = jax.lax.stop_gradient(self.partition.index(at))
        values = local_values(self.networks, x, cell[None], _cells(self.partition, box), box)
        return linear(lambda c: c[..., 0, :], values)


def xpinn(
    space: FunctionSpace,
    layers: Callable[..., Any],
    *,
    cuts: Mapping[str, Sequence[float]] | None = None,
    partition: AbstractPartition | None = None,
    key: PRNGKeyArray,
    **features: Any,
) -> Piecewise:
    """A network of its own in each cell of a domain; with no cuts, one network.

    Made for a problem that was `decomposed` the same way. cuts: places along the axes of the bounding box (`Cuts`), or
    else a partition. layers and features: as in `coordinate_network`. Jagtap & Karniadakis, Commun. Comput. Phys. 28
    (2020) 2002 (XPINN); Jagtap, Kharazmi & Karniadakis, Comput. Methods Appl. Mech. Engrg. 365 (2020) 113028 (cPINN).
    """
    partition = Cuts(space.domain.bounds, cuts) if partition is None else partition
    cells = _cells(partition, space.domain.bounds)
    return Piecewise(local_networks(space, cells, layers, key, **features), partition, space)


def beside(u: Function, side: Float[Array, " d"]) -> Function:
    """``u`` with the pieces that lie on one side of a point in place of those that it is in.

    All `Piecewise` functions are replaced that ``u`` holds as fields, in constraints and members of families too; a
    function without pieces is the same from both sides.
    """

    def turned(node: Any) -> Any:
        if not isinstance(node, Piecewise):
            return node
        return Piecewise(node.networks, node.partition, node.space, side)

    return jax.tree.map(turned, u, is_leaf=lambda node: isinstance(node, Piecewise))


def _cells(partition: AbstractPartition, box: Box) -> tuple[Box, ...]:
    """The cells with the remaining axes of a box, those of a family, which are not divided."""
    return tuple(Box((*cell.axes, *box.axes[cell.dim :])) for cell in partition.cells)
