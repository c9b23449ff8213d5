"""States of evolving solutions: a function of space and time at one time."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractDiscretization, AbstractFunction, Field, FunctionSpace


def snapshot(
    solution: AbstractFunction,
    on: AbstractDiscretization,
    time: Float[Array, ""] | float,
    space: FunctionSpace | None = None,
) -> Field:
    """The state at ``time`` of a function of (x_1, ..., x_d, t), on points of space alone.

    ``space`` gives the state its conditions; without it the walls are free.
    """
    if space is None:
        space = FunctionSpace(on.domain, solution.space.names)
    value = lambda x: solution(jnp.append(x, jnp.asarray(time, x.dtype)))
    for _ in on.shape:
        value = jax.vmap(value)
    return Field(value(on.coords()), on, space)
