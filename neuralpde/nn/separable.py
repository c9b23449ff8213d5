"""Separable networks: a function as a short sum of products of functions of one coordinate each.

Cho, Nam, Yang, Yun, Hong & Park, "Separable physics-informed neural networks", NeurIPS 2023, arXiv 2306.15969.
"""

from __future__ import annotations

import functools
import math
import operator
import string
from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Directions, Order, TaylorSeries, Value, linear, propagate

from .coordinate_network import AbstractCoordinateNetwork


class SeparableNetwork(AbstractCoordinateNetwork):
    """``u_c(x) = sum_{r = 1..rank} prod_i f^i_rc(x_i)``, with one network ``f^i: (1,) -> (rank * out_size,)`` a coordinate.

    ``make(in_size, out_size, key=key)`` builds such a network: ``functools.partial(mlp, width=64, depth=4)``. On a tensor
    grid of N points an axis `on_axes` evaluates d N networks of one coordinate where a network of all has N^d to do.
    """

    factors: tuple[Callable, ...]
    out_size: int = eqx.field(static=True)

    def __init__(self, in_size: int, out_size: int, *, rank: int, make: Callable, key: PRNGKeyArray):
        self.factors = tuple(make(1, rank * out_size, key=k) for k in jax.random.split(key, in_size))
        self.out_size = out_size

    def propagate(self, x: Value) -> Value:
        parts = [propagate(f, x[i : i + 1]) for i, f in enumerate(self.factors)]
        return linear(self._sum_over_rank, functools.reduce(operator.mul, parts))

    def on_axes(self, axes: Sequence[Float[Array, " _n"]], orders: Sequence[int] | None = None) -> Float[Array, "*n c"]:
        """Values on the tensor grid of the points of each axis, or the derivative of ``orders[i]`` in coordinate i.

        Raises ``ValueError`` unless there is one set of points, and one order, for each coordinate.
        """
        orders = (0,) * len(self.factors) if orders is None else tuple(orders)
        if not len(axes) == len(orders) == len(self.factors):
            raise ArgumentError(
                f"A separable network of {len(self.factors)} coordinates takes points and an order for each of them, got "
                f"{len(axes)} axes and orders={orders}."
            )
        along = [
            jax.vmap(functools.partial(_derivative, f, order)) for f, order in zip(self.factors, orders, strict=True)
        ]
        parts = [f(points).reshape(len(points), -1, self.out_size) for f, points in zip(along, axes, strict=True)]
        letters = string.ascii_lowercase[: len(parts)]
        return jnp.einsum(",".join(f"{a}RC" for a in letters) + f"->{letters}C", *parts)

    def _sum_over_rank(self, products: Float[Array, "*m rc"]) -> Float[Array, "*m c"]:
        return products.reshape(*products.shape[:-1], -1, self.out_size).sum(-2)


def _derivative(f: Callable, order: int, x: Float[Array, ""]) -> Float[Array, " m"]:
    series = propagate(f, TaylorSeries.point(x[None]))
    if order == 0:
        return series.value
    found = series.coefficient(Order(Directions(jnp.ones((1, 1), x.dtype)), order))
    return jnp.zeros_like(series.value) if found is None else math.factorial(order) * found[0]
