"""Preconditioned conjugate gradients that count their iterations."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

Map = Callable[[Float[Array, "*cell"]], Float[Array, "*cell"]]


class _State(NamedTuple):
    u: Array
    r: Array
    p: Array
    rz: Array
    iterations: Array


def conjugate_gradient(
    operator: Map, b: Float[Array, "*cell"], preconditioner: Map, tolerance: float, max_iterations: int
) -> tuple[Float[Array, "*cell"], Int[Array, ""]]:
    """Solve ``operator(u) = b`` from a zero guess (Saad 2003, algorithm 9.1); returns ``(u, iterations)``.

    Ends at ``|r| <= tolerance |b|`` for the residual of the recurrence, which in exact arithmetic is the true
    one, or at ``max_iterations``. Under `vmap` all right hand sides run until the slowest has ended; those
    that have ended keep their result.
    """
    goal = tolerance * jnp.linalg.norm(b)

    def running(state: _State):
        # Written so that a residual that is not a number ends the loop.
        return (jnp.linalg.norm(state.r) > goal) & (state.iterations < max_iterations)

    def iterate(state: _State):
        # The preconditioner stands here once, not also before the loop: it is most of the compiled program.
        z = preconditioner(state.r)
        rz = jnp.vdot(state.r, z)
        p = z + rz / state.rz * state.p
        image = operator(p)
        length = rz / jnp.vdot(p, image)
        return _State(state.u + length * p, state.r - length * image, p, rz, state.iterations + 1)

    zero = jnp.zeros_like(b)
    start = _State(zero, b, zero, jnp.array(jnp.inf, b.dtype), jnp.zeros((), int))
    end = jax.lax.while_loop(running, iterate, start)
    return end.u, end.iterations
