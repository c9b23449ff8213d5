"""Norms of states that are pytrees, with derivatives that are finite at zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

Norm = Callable[[Any], Float[Array, ""]]


def mean_square(state: PyTree) -> Float[Array, ""]:
    """Mean of |x|^2 over all entries of all leaves."""
    leaves = [jnp.asarray(leaf) for leaf in jax.tree.leaves(state)]
    return sum(jnp.sum(jnp.abs(x) ** 2) for x in leaves) / sum(x.size for x in leaves)


def rms(state: PyTree) -> Float[Array, ""]:
    """Root of the mean of |x|^2 over all entries of all leaves; its derivative at zero is zero.

    Squares of large entries do not overflow, and what is not a number counts as infinite: a step with such an error is
    too long, where a comparison with it would neither accept the step nor make the next one shorter.
    """
    largest = jnp.max(jnp.stack([jnp.max(jnp.abs(jnp.asarray(x)), initial=0.0) for x in jax.tree.leaves(state)]))
    usable = jnp.isfinite(largest) & (largest > 0)
    scale = jax.lax.stop_gradient(jnp.where(usable, largest, 1.0))
    square = mean_square(jax.tree.map(lambda x: x / scale, state))
    return scale * safe_sqrt(jnp.where(jnp.isnan(square), jnp.inf, square))


def safe_sqrt(x: Float[Array, ""]) -> Float[Array, ""]:
    """Square root with the derivative zero at zero."""
    zero = x == 0
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, x)))


def safe_ratio(a: Float[Array, ""], b: Float[Array, ""]) -> Float[Array, ""]:
    """a / b, and zero with zero derivatives where b is zero."""
    nonzero = b != 0
    return jnp.where(nonzero, a / jnp.where(nonzero, b, 1.0), 0.0)
