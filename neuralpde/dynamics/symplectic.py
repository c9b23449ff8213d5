"""Symplectic integrators: they keep a Hamiltonian near its value for exponentially many steps.

Hairer, Lubich & Wanner, Geometric Numerical Integration, 2nd ed., Springer 2006.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

State = Float[Array, " 2*c"]
Gradient = Callable[[Float[Array, " c"]], Float[Array, " c"]]
Scheme = Literal["leapfrog", "yoshida", "midpoint"]


def leapfrog(kick: Gradient, drift: Gradient, q: Array, p: Array, h: float | Array) -> tuple[Array, Array]:
    """One step of Störmer and Verlet for H = T(p) + V(q): half a ``kick`` -V', a ``drift`` T', half a kick; order 2."""
    p = p + 0.5 * h * kick(q)
    q = q + h * drift(p)
    return q, p + 0.5 * h * kick(q)


def yoshida(kick: Gradient, drift: Gradient, q: Array, p: Array, h: float | Array) -> tuple[Array, Array]:
    """Three leapfrog steps of lengths w h, (1 - 2 w) h and w h with w = 1 / (2 - 2^(1/3)); order 4 (Yoshida 1990)."""
    w = 1 / (2 - 2 ** (1 / 3))
    for part in (w, 1 - 2 * w, w):
        q, p = leapfrog(kick, drift, q, p, part * h)
    return q, p


def implicit_midpoint(
    field: Callable[[Array], Array], y: Float[Array, " n"], h: float | Array, iterations: int = 8
) -> Float[Array, " n"]:
    """One step y' = y + h f((y + y') / 2) by fixed-point iterations, for any Hamiltonian; order 2.

    Symplectic up to what the iterations leave, (h L / 2)^iterations for a Lipschitz constant L of the field.
    """
    improve = lambda end, _: (y + h * field((y + end) / 2), None)
    return jax.lax.scan(improve, y + h * field(y), None, length=iterations)[0]


def rollout(
    step: Callable[[Float[Array, " n"]], Float[Array, " n"]], y0: Float[Array, " n"], steps: int
) -> Float[Array, "time n"]:
    """y0 and the states after each of ``steps`` steps."""

    def body(y, _):
        after = step(y)
        return after, after

    _, states = jax.lax.scan(body, y0, None, length=steps)
    return jnp.concatenate([y0[None], states])
