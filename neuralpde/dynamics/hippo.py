"""Memories by orthogonal polynomials: linear systems whose state holds the past of their input."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def hippo_legs(order: int) -> tuple[Float[np.ndarray, "n n"], Float[np.ndarray, " n"]]:
    """A and B of HiPPO-LegS: A_nk = -sqrt((2 n + 1)(2 k + 1)) below the diagonal, -(n + 1) on it; B_n = sqrt(2 n + 1).

    Gu, Dao, Ermon, Rudra & Ré, "HiPPO: recurrent memory with optimal polynomial projections", NeurIPS 2020, theorem 2.
    There c' = (A c + B u) / t holds the Legendre coefficients of u on (0, t). In the time log(t) this is x' = A x + B u,
    the constant system of state space layers, which so holds those of

        r -> u(s + log r)  on (0, 1):   x_n(s) = sqrt(2 n + 1) int_0^1 P_n(2 r - 1) u(s + log r) dr

    of all that was before the time s, the last unit of time in most detail. See `remembered`.
    """
    n = np.arange(order)
    root = np.sqrt(2 * n + 1.0)
    return -np.tril(np.outer(root, root), -1) - np.diag(n + 1.0), root


def remembered(state: Float[Array, " n"], ago: Float[Array, " time"]) -> Float[Array, " time"]:
    """What a state of HiPPO-LegS knows of its input at times ``ago`` >= 0 before now, in units of 1 / A.

    ``sum_n sqrt(2 n + 1) x_n P_n(2 e^-ago - 1)``: the polynomial in e^-ago that is nearest to the input, the past being
    weighted by e^-ago.
    """
    z = 2 * jnp.exp(-ago) - 1

    def term(carry, n):
        # (n + 1) P_n+1 = (2 n + 1) z P_n - n P_n-1
        sum_, before, now = carry
        sum_ = sum_ + jnp.sqrt(2 * n + 1) * state[n.astype(int)] * now
        return (sum_, now, ((2 * n + 1) * z * now - n * before) / (n + 1)), None

    start = (jnp.zeros_like(z), jnp.zeros_like(z), jnp.ones_like(z))
    return jax.lax.scan(term, start, jnp.arange(len(state), dtype=z.dtype))[0][0]
