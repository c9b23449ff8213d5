"""Residuals to first order, and their Jacobian in chunks of rows or columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..failures import TrainingArgumentError
from ..residuals import Block, Residuals

LARGEST = 2**30
"""Entries of a Jacobian that is held as a whole: 8 GiB in float64."""


class FirstOrder(NamedTuple):
    """Residuals r at x, and the products ``push(d) = J d`` and ``pull(w) = J^T w``."""

    r: Float[Array, " n"]
    push: Callable[[Float[Array, " p"]], Float[Array, " n"]]
    pull: Callable[[Float[Array, " n"]], Float[Array, " p"]]


def first_order(residuals: Residuals, x: Float[Array, " p"]) -> FirstOrder:
    """Residuals at x to first order, without a Jacobian."""
    r, push = jax.linearize(residuals, x)
    transposed = jax.linear_transpose(push, x)
    return FirstOrder(r, push, lambda w: transposed(w)[0])


def jacobian(residuals: Residuals, x: Float[Array, " p"], local: FirstOrder, chunk: int) -> Float[Array, "n p"]:
    """J = dr/dx. ``chunk`` rows (points, where the residuals are told by blocks) or columns are made at once.

    Without blocks the fewer of rows (pulled back) and columns (pushed forward) are made. Raises `TrainingArgumentError`
    where both are so many that J does not fit.
    """
    n, p = len(local.r), len(x)
    if n * p > LARGEST:
        raise TrainingArgumentError(
            f"The Jacobian of {n} residuals and {p} parameters does not fit into memory; give sketch, the number of "
            "combinations of residuals (levenberg_marquardt) or of directions (natural_gradient) to work with."
        )
    if residuals.blocks:
        return jnp.concatenate([_rows(block, x, chunk) for block in residuals.blocks])
    return _each(local.pull, n, x.dtype, chunk) if n < p else _each(local.push, p, x.dtype, chunk).T


def gram_of_rows(residuals: Residuals, x: Float[Array, " p"], local: FirstOrder, chunk: int) -> Float[Array, "p p"]:
    """``J^T J``; of residuals told by blocks J is made ``chunk`` points at a time and never held."""
    if not residuals.blocks:
        rows = jacobian(residuals, x, local, chunk)
        return rows.T @ rows
    return sum((_gram(block, x, chunk) for block in residuals.blocks), jnp.zeros((len(x), len(x)), x.dtype))


def _gram(block: Block, x: Float[Array, " p"], chunk: int) -> Float[Array, "p p"]:
    """``J^T J`` of a block: whole chunks in a loop, the remaining points after them."""

    def of(points):
        rows = _rows(Block(block.function, points), x, chunk)
        return rows.T @ rows

    count = jax.tree.leaves(block.points)[0].shape[0]
    whole = count // chunk
    first = jax.tree.map(lambda p: p[: whole * chunk].reshape(whole, chunk, *p.shape[1:]), block.points)
    start = jnp.zeros((len(x), len(x)), x.dtype)
    gram, _ = jax.lax.scan(lambda total, points: (total + of(points), None), start, first)
    return gram + of(jax.tree.map(lambda p: p[whole * chunk :], block.points)) if count % chunk else gram


def _rows(block: Block, x: Float[Array, " p"], chunk: int) -> Float[Array, "n p"]:
    at = jax.jacrev(block.function)
    return jax.lax.map(lambda point: at(x, point), block.points, batch_size=chunk).reshape(-1, len(x))


def _each(along: Callable[[Array], Array], count: int, dtype: Any, chunk: int) -> Float[Array, "count m"]:
    """A linear map of every unit vector."""
    return jax.lax.map(
        lambda i: along(jax.nn.one_hot(i, count, dtype=dtype)), jnp.arange(count), batch_size=min(chunk, count)
    )
