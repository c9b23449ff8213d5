"""Chebyshev polynomials on Gauss-Lobatto points (Trefethen, Spectral Methods in MATLAB, chapter 6)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def differentiation_matrix(n: int) -> np.ndarray:
    """Derivative at n Gauss-Lobatto points on [-1, 1], in ascending order."""
    x = np.sin(np.pi * (2 * np.arange(n) - (n - 1)) / (2 * (n - 1)))
    c = np.where((np.arange(n) == 0) | (np.arange(n) == n - 1), 2.0, 1.0) * (-1.0) ** np.arange(n)
    off = np.outer(c, 1 / c) / (x[:, None] - x[None, :] + np.eye(n))
    # The diagonal as minus the row sum makes the derivative of a constant exactly zero.
    return off - np.diag(off.sum(axis=1))


def interpolation_matrix(n: int, unit: Float[Array, " m"]) -> Float[Array, "m n"]:
    """Values at points of [-1, 1] from values at n Gauss-Lobatto points, through Chebyshev coefficients."""
    k = np.arange(n)
    ends = np.where((k == 0) | (k == n - 1), 0.5, 1.0)
    nodes = np.pi * (n - 1 - k) / (n - 1)
    analysis = 2 / (n - 1) * ends[:, None] * np.cos(np.outer(k, nodes)) * ends[None, :]

    def recurrence(carry, _):
        before, now = carry
        return (now, 2 * unit * now - before), before

    _, polynomials = jax.lax.scan(recurrence, (jnp.ones_like(unit), unit), length=n)
    return polynomials.T @ jnp.asarray(analysis, unit.dtype)
