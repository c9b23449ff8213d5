"""Networks of one structure side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray

from neuralpde.spaces import Order, TaylorSeries, Value, propagate


class Stacked(eqx.Module):
    """``count`` networks with weights of their own, held as one with a leading axis and evaluated by ``vmap``.

    ``make(key)`` builds one of them; ``stacked(x)`` gives all their answers to the same x, shape (count, ...).
    """

    networks: Any

    def __init__(self, make: Callable[[PRNGKeyArray], Any], count: int, *, key: PRNGKeyArray):
        self.networks = eqx.filter_vmap(make)(jax.random.split(key, count))

    def __call__(self, x: Any) -> Array:
        return self.each(lambda network: network(x))

    def each(self, apply: Callable[[Any], Array]) -> Array:
        """``apply`` to every network, the results along a leading axis."""
        return eqx.filter_vmap(apply)(self.networks)

    def at(self, indices: Int[Array, " n"]) -> Stacked:
        """The networks with these indices, in their order; one may be asked for several times."""
        arrays, rest = eqx.partition(self.networks, eqx.is_array)
        chosen = jax.tree.map(lambda leaf: leaf[indices], arrays)
        return eqx.tree_at(lambda stacked: stacked.networks, self, eqx.combine(chosen, rest))

    def rows(self, x: Value) -> Value:
        """Network i at row i of x: (count, d) to (count, c), for values and for their Taylor series."""
        if not isinstance(x, TaylorSeries):
            return eqx.filter_vmap(lambda network, row: network(row))(self.networks, x)
        return TaylorSeries(self.rows(x.value), lambda order: _row_by_row(self.networks, x, order))


def _row_by_row(networks: Any, x: TaylorSeries, order: Order) -> Array | None:
    """The coefficient of the rows: in each of them the series of one network, by the rules of its layers.

    What several coefficients have in common is written down again for each of them, and found equal by the compiler.
    """
    orders = [*(order.lower(i) for i in range(1, order.degree)), order]
    coefficients = [x.coefficient(n) for n in orders]
    if all(c is None for c in coefficients):
        return None

    def of_row(network, value, coefficients):
        row = TaylorSeries(value, dict(zip(orders, coefficients, strict=True)).__getitem__)
        y = propagate(network, row)
        found = y.coefficient(order)
        return jnp.zeros(y.coefficient_shape(order), y.dtype) if found is None else found

    axes = [0 if n.summed else 1 for n in orders]  # directions come before rows
    mapped = eqx.filter_vmap(of_row, in_axes=(eqx.if_array(0), 0, axes), out_axes=axes[-1])
    return mapped(networks, x.value, coefficients)
