"""States of mechanical systems as rows of bodies, the same for systems of any number of them."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float


def as_bodies(y: Float[Array, " n"]) -> Float[Array, "body 4"]:
    """A state [q, p] as one row (x, y, p_x, p_y) for each body; with one degree of freedom a single body on the x axis."""
    q, p = jnp.split(y, 2)
    if q.size == 1:
        return jnp.zeros((1, 4), y.dtype).at[0, ::2].set(y)
    return jnp.concatenate([q.reshape(-1, 2), p.reshape(-1, 2)], axis=1)


def as_state(bodies: Float[Array, "body 4"], size: int) -> Float[Array, " n"]:
    """The state [q, p] with ``size`` degrees of freedom of the first rows; what `as_bodies` made of it."""
    if size == 1:
        return bodies[0, ::2]
    rows = bodies[: size // 2]
    return jnp.concatenate([rows[:, :2].reshape(-1), rows[:, 2:].reshape(-1)])
