"""Random combinations of residuals: few of them see a step nearly as all do."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..residuals import Residuals

HASHES = 4


def sketched(residuals: Residuals, x: Float[Array, " p"], size: int, key: PRNGKeyArray) -> Residuals:
    """``S r`` for a count sketch S of ``size`` rows: every residual goes to `HASHES` of them, times +-1/sqrt(HASHES).

    ``E |S r|^2 = |r|^2``. Charikar, Chen & Farach-Colton, Theor. Comput. Sci. 312 (2004); with several hashes Kane &
    Nelson, J. ACM 61 (2014).
    """
    n = jax.eval_shape(residuals, x).size
    key_rows, key_signs = jax.random.split(key)
    rows = jax.random.randint(key_rows, (HASHES, n), 0, size)
    signs = jax.random.rademacher(key_signs, (HASHES, n), x.dtype) / HASHES**0.5

    def combined(x):
        return jnp.zeros(size, x.dtype).at[rows].add(signs * residuals(x))

    return Residuals(combined)
