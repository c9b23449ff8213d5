"""Rollouts of batches: one program a call, prepared once and then called at little cost."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from neuralpde.spaces import Field, Trajectory

from .history import advanced
from .loops import loops_are_slow
from .operator import AbstractOperator
from .rollout import TIME_STEP, rollout


def rollouts(
    operator: AbstractOperator,
    first: Field,
    steps: int,
    *,
    parameters: Mapping[str, Array] | None = None,
    start: float | Float[Array, ""] | Float[Array, " batch"] = 0.0,
    time_step: float | Float[Array, ""] | Float[Array, " batch"] = 1.0,
    key: Key[Array, " batch"] | None = None,
) -> Trajectory:
    """`rollout` of a batch, for calls outside of other programs; see `BatchedRollout`, which is faster to call again."""
    return BatchedRollout(operator, steps)(first, parameters=parameters, start=start, time_step=time_step, key=key)


class BatchedRollout:
    """``steps`` steps of an operator from every input of a batch.

    Each call is one program; only on a CPU the steps of operators with convolutions other than `neuralpde.nn.convolve`
    are started one by one (see `loops`). The operator is taken apart once, so that a call costs little more than its
    program, however many parameters there are. Programs are shared by operators of the same structure.
    """

    def __init__(self, operator: AbstractOperator, steps: int):
        self.steps = steps
        self._arrays, self._structure = _taken_apart(operator)
        self._slow: dict[tuple[int, ...], bool] = {}

    def __call__(
        self,
        first: Field,
        *,
        parameters: Mapping[str, Array] | None = None,
        start: float | Float[Array, ""] | Float[Array, " batch"] = 0.0,
        time_step: float | Float[Array, ""] | Float[Array, " batch"] = 1.0,
        key: Key[Array, " batch"] | None = None,
    ) -> Trajectory:
        """Stacked trajectories from stacked ``first`` inputs and ``parameters``; the rest as `rollout` has it, one for
        all or one for each of the batch.
        """
        given = (dict(parameters or {}), time_step, key)
        options = {"structure": self._structure, "steps": self.steps}
        if not self._is_slow(first, given, options):
            return _rolled_out(self._arrays, first, start, *given, **options)
        u, states = first, []
        for i in range(self.steps):
            u, v = _stepped(self._arrays, u, np.asarray(i), *given, **options)
            states.append(v)
        return _timed(states, start, time_step)

    def _is_slow(self, first: Field, given: tuple, options: dict[str, Any]) -> bool:
        shape = first.values.shape
        if shape not in self._slow:
            step = functools.partial(_step, **options)
            self._slow[shape] = loops_are_slow(step, self._arrays, first, np.asarray(0), *given)
        return self._slow[shape]


@jax.jit
def trajectories(times: Float[Array, "batch time"], states: list[Field]) -> Trajectory:
    """The states of a batch at each time as stacked trajectories."""
    field = jax.tree.map(lambda *leaves: jnp.stack(leaves, axis=1), *states)
    return jax.vmap(Trajectory)(times, field)


class _Structure:
    """What an operator is besides its arrays, compared by identity first: a program is found without a long look."""

    def __init__(self, treedef: Any, others: tuple):
        self.treedef, self.others = treedef, others
        self._hash = hash((treedef, others))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, _Structure) and (self.treedef, self.others) == (other.treedef, other.others)

    def operator(self, arrays: tuple[Array, ...]) -> AbstractOperator:
        given = iter(arrays)
        return jax.tree.unflatten(self.treedef, [next(given) if leaf is _ARRAY else leaf for leaf in self.others])


_ARRAY = object()
"""Stands for the arrays among the other leaves."""


def _taken_apart(operator: AbstractOperator) -> tuple[tuple[Array, ...], _Structure]:
    leaves, treedef = jax.tree.flatten(operator)
    arrays = tuple(leaf for leaf in leaves if isinstance(leaf, jax.Array))
    return arrays, _Structure(treedef, tuple(_ARRAY if isinstance(leaf, jax.Array) else leaf for leaf in leaves))


@functools.partial(jax.jit, static_argnames=("structure", "steps"))
def _rolled_out(arrays, first, start, parameters, time_step, key, *, structure: _Structure, steps: int) -> Trajectory:
    start, time_step = _for_all(start, first), _for_all(time_step, first)

    def of_one(first, parameters, start, time_step, key):
        options = {"parameters": parameters, "start": start, "time_step": time_step, "key": key}
        return rollout(structure.operator(arrays), first, steps, **options)

    return jax.vmap(of_one)(first, parameters, start, time_step, key)


def _step(arrays, u, i, parameters, time_step, key, *, structure: _Structure, steps: int) -> tuple[Field, Field]:
    """The next input of a batch and its i-th state."""
    operator = structure.operator(arrays)

    def of_one(u, parameters, time_step, key):
        own = None if key is None else jax.random.split(key, steps)[i]
        v = operator.given({**parameters, TIME_STEP: time_step})(u, key=own)
        return advanced(u, v), v

    return jax.vmap(of_one)(u, parameters, _for_all(time_step, u), key)


_stepped = jax.jit(_step, static_argnames=("structure", "steps"))


@jax.jit
def _timed(states: list[Field], start, time_step) -> Trajectory:
    start, time_step = _for_all(start, states[0]), _for_all(time_step, states[0])
    return trajectories(start[:, None] + time_step[:, None] * jnp.arange(1, len(states) + 1), states)


def _for_all(number: float | Array, batch: Field) -> Float[Array, " batch"]:
    return jnp.broadcast_to(jnp.asarray(number, jnp.zeros(()).dtype), batch.values.shape[:1])
