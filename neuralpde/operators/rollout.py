"""Trajectories from an operator that steps in time: its answers are its next inputs."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import Field, Trajectory

from .history import advanced
from .operator import AbstractOperator

TIME_STEP = "time_step"
"""The parameter by which an operator is told how far it should step."""


def rollout(
    operator: AbstractOperator,
    first: Field,
    steps: int,
    *,
    parameters: Mapping[str, Array] | None = None,
    start: float | Float[Array, ""] = 0.0,
    time_step: float | Float[Array, ""] = 1.0,
    key: PRNGKeyArray | None = None,
) -> Trajectory:
    """``steps`` states after those of ``first``, at the times ``start + time_step``, ``start + 2 time_step``, ...

    ``first`` is an input of the operator: its history of states and the constants, as `with_history` makes them and as
    the pairs of `neuralpde.data.frames` hold them; ``start`` is the time of the last of these states. The operator is
    given ``parameters`` and ``time_step`` once. ``key`` is for operators that draw: every step has its own.

    One program, compiled for each number of steps; ``vmap`` makes batches. Raises ``ValueError`` where ``first`` does
    not begin with states of the operator's target.
    """
    return _rollout(operator, first, steps, dict(parameters or {}), _number(start), _number(time_step), key)


@eqx.filter_jit
def _rollout(operator, first, steps, parameters, start, time_step, key) -> Trajectory:
    stepping = operator.given({**parameters, TIME_STEP: jnp.asarray(time_step)})

    def step(u: Field, key: PRNGKeyArray | None) -> tuple[Field, Field]:
        v = stepping(u, key=key)
        return advanced(u, v), v

    keys = None if key is None else jax.random.split(key, steps)
    _, states = jax.lax.scan(step, first, keys, length=steps)
    return Trajectory(start + time_step * jnp.arange(1, steps + 1), states)


def _number(value: float | Array) -> Array | np.ndarray:
    """An argument of the program: another number is no reason to compile again."""
    return value if isinstance(value, jax.Array) else np.asarray(value, jnp.zeros((), float).dtype)
