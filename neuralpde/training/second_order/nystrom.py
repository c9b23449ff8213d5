"""Nyström approximation of a symmetric matrix of which only products are known.

Frangella, Tropp & Udell, "Randomized Nyström preconditioning", SIAM J. Matrix Anal. Appl. 44 (2023), algorithm 2.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

Product = Callable[[Float[Array, " n"]], Float[Array, " n"]]


class Nystrom(NamedTuple):
    """``U diag(values) U^T`` with orthonormal columns U and values that fall, at least 0."""

    basis: Float[Array, "n rank"]
    values: Float[Array, " rank"]

    def solve(self, g: Float[Array, " n"], damping: Float[Array, ""]) -> Float[Array, " n"]:
        """``(U diag(values) U^T + l (I - U U^T) + damping)^-1 g`` with l, the smallest value, for what was not seen."""
        seen = self.basis.T @ g
        return self.basis @ (seen / (self.values + damping)) + (g - self.basis @ seen) / (self.values[-1] + damping)


def nystrom(product: Product, n: int, rank: int, key: PRNGKeyArray, dtype) -> Nystrom:
    """An approximation of the matrix of ``product``; one that is not positive semidefinite is shifted until it is."""
    test, _ = jnp.linalg.qr(jax.random.normal(key, (n, min(rank, n)), dtype))
    sketch = jax.vmap(product, 1, 1)(test)
    small = test.T @ sketch
    lowest = jnp.linalg.eigvalsh(0.5 * (small + small.T))[0]
    # A little more than makes the small matrix definite; Cholesky would fail without.
    shift = jnp.maximum(-lowest, 0.0) + 10 * n**0.5 * jnp.finfo(dtype).eps * jnp.linalg.norm(sketch)
    small, sketch = small + shift * jnp.eye(len(small), dtype=dtype), sketch + shift * test
    lower = jnp.linalg.cholesky(0.5 * (small + small.T))
    half = jax.scipy.linalg.solve_triangular(lower, sketch.T, lower=True).T
    basis, roots, _ = jnp.linalg.svd(half, full_matrices=False)
    return Nystrom(basis, jnp.maximum(roots**2 - shift, 0.0))
