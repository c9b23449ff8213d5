"""Steps from one time to the next, each as long as a limit allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

State = TypeVar("State")
Time = Float[Array, ""]


def march(
    step: Callable[[State, Time, Time], State],
    longest: Callable[[State, Time], Time],
    state: State,
    start: Time,
    end: Time,
    max_steps: int,
) -> State:
    """``step(state, t, dt)`` from ``start`` to ``end``, the rest divided evenly by the limit ``longest(state, t)``.

    The state is not a number at all where the limit is none, or after ``max_steps``: what blew up ends.
    """

    def running(carry):
        _, t, count = carry
        return (t < end) & (count < max_steps)

    def advance(carry):
        state, t, count = carry
        # A hair of tolerance, so that an interval of whole steps is not cut once more by round-off.
        steps = jnp.maximum(jnp.ceil((end - t) / longest(state, t) - 1e-3), 1)
        dt = jnp.where(jnp.isfinite(steps), (end - t) / steps, jnp.nan)
        return step(state, t, dt), jnp.where(steps <= 1, end, t + dt), count + 1

    state, t, _ = jax.lax.while_loop(running, advance, (state, start, jnp.zeros((), int)))
    return jax.tree.map(lambda leaf: jnp.where(t == end, leaf, jnp.nan), state)
