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
    """Root of the mean of |x|^2 over all entries of all leaves; its derivative at zero is zero."""
    return safe_sqrt(mean_square(state))


def safe_sqrt(x: Float[Array, ""]) -> Float[Array, ""]:
    """Square root with the derivative zero at zero."""
    positive = x > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, x, 1.0)), 0.0)


def safe_ratio(a: Float[Array, ""], b: Float[Array, ""]) -> Float[Array, ""]:
    """a / b, and zero with zero derivatives where b is zero."""
    nonzero = b != 0
    return jnp.where(nonzero, a / jnp.where(nonzero, b, 1.0), 0.0)
