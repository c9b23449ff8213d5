"""Networks of parts of a domain: made of one structure, each with coordinates of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from neuralpde.nn import Stacked
from neuralpde.pinn.networks import coordinate_network
from neuralpde.spaces import Box, FunctionSpace, TaylorSeries, Value, linear

MANY = 4
"""So many times more networks than are asked for at a point: from there on the weights of these are looked up, and the
other networks are not evaluated."""


def local_networks(
    space: FunctionSpace,
    cells: Sequence[Box],
    layers: Callable[..., Any],
    key: PRNGKeyArray,
    **features: Any,
) -> Stacked:
    """A network a cell, for its coordinates from -1 to 1; ``layers`` and ``features`` are those of `coordinate_network`.

    An axis is periodic for the networks where it is one of the cells.
    """
    of_a_cell = FunctionSpace(cells[0], space.names)
    return Stacked(lambda k: coordinate_network(of_a_cell, layers, key=k, **features).network, len(cells), key=key)


def local_values(networks: Stacked, x: Value, indices: Int[Array, " n"], cells: Sequence[Box], box: Box) -> Value:
    """What the networks of some cells say at a point, (n, c), each in the coordinates of its cell."""
    few = len(indices) * MANY <= len(cells)
    chosen = indices if few else np.arange(len(cells))
    lower, upper = (np.asarray([getattr(cell, end) for cell in cells]) for end in ("lower", "upper"))
    centres, halves = (jnp.asarray(a, x.dtype)[chosen] for a in ((lower + upper) / 2, (upper - lower) / 2))
    divided = [axis.periodic and not own.periodic for axis, own in zip(box.axes, cells[0].axes, strict=True)]
    local = centred(x, centres, np.where(divided, box.extents, 0.0)) / halves
    if few:
        return networks.at(indices).rows(local)
    values = networks.rows(local)
    return values if len(indices) == len(cells) else linear(lambda c: c[..., indices, :], values)


def centred(x: Value, centres: Float[Array, "*n"], period: Float[np.ndarray, "*d"] | float) -> Value:
    """``x - centres``, on a circle the shortest way around it, which jumps at the far side; a period of zero is a line."""
    offset = x - centres
    if not np.any(period):
        return offset
    at = offset.value if isinstance(offset, TaylorSeries) else offset
    length = jnp.asarray(period, at.dtype)
    return offset - length * jnp.round(at / jnp.where(length > 0, length, 1.0))
