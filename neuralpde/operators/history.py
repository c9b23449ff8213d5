"""What an operator that steps in time takes: the last states, oldest first, then what stays constant.

The components are ``u@-1, v@-1, u@0, v@0`` for a history of two states of ``u, v``, then those of a force or a mask.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field, FunctionSpace, Sample


def history_space(states: FunctionSpace, history: int, constants: Sequence[str] = ()) -> FunctionSpace:
    """The space of ``history`` states and of constants; conditions on walls hold for states, but not for a force."""
    ages = tuple(f"{name}@{age}" for age in range(1 - history, 1) for name in states.names)
    return FunctionSpace(states.domain, (*ages, *constants), None if constants else states.boundary)


def history_length(source: FunctionSpace, states: FunctionSpace) -> int:
    """How many states the components of ``source`` begin with, at least one; names may do without ``@0``.

    Raises ``ValueError`` where they do not begin with a state.
    """
    bases = tuple(name.rpartition("@")[0] or name for name in source.names)
    length, count = 0, states.channels
    while bases[length * count : (length + 1) * count] == states.names:
        length += 1
    if not length or source.domain != states.domain:
        raise ArgumentError(
            f"An operator that steps in time takes the states {states.names} on {states.domain} first, such as "
            f"{history_space(states, 2).names}; this one takes {source.names} on {source.domain}. Train it on pairs "
            "made by frames, or with RolloutTask."
        )
    return length


def with_history(states: Field, constants: Field | None = None) -> Field:
    """One input from states along a leading time axis, values (history, *grid, channel), and constants.

    It lives where the last state does.
    """
    history, *grid, channels = states.values.shape
    values = jnp.moveaxis(states.values, 0, -2).reshape(*grid, history * channels)
    on = jax.tree.map(lambda leaf: leaf[-1], states.on)
    if constants is None:
        return Field(values, on, history_space(states.space, history))
    joined = jnp.concatenate([values, constants.values.astype(values.dtype)], axis=-1)
    return Field(joined, on, history_space(states.space, history, constants.space.names))


def newest(u: Field, states: FunctionSpace) -> Field:
    """The last state of an input."""
    last = history_length(u.space, states) * states.channels
    return Field(u.values[..., last - states.channels : last], u.on, states)


def advanced(u: Field, v: Field) -> Field:
    """The input of the next step: the oldest state is dropped, ``v`` is the newest, constants stay."""
    last = history_length(u.space, v.space) * v.space.channels
    parts = (u.values[..., v.space.channels : last], v.values.astype(u.values.dtype), u.values[..., last:])
    return u.with_values(jnp.concatenate(parts, axis=-1))


def constants_of(sample: Sample) -> Field | None:
    """The components of the inputs of one sample that are no states of its trajectory: a force, a mask.

    Raises ``ValueError`` where they have other points than the states.
    """
    first = lambda part: part if isinstance(part, Field) else jax.tree.map(lambda leaf: leaf[0], part.field)
    inputs, state = first(sample.inputs), first(sample.targets)
    kept = [i for i, name in enumerate(inputs.space.names) if name not in state.space.names]
    if not kept:
        return None
    if inputs.values.shape[:-1] != state.values.shape[:-1]:
        raise ArgumentError(
            f"The inputs {inputs.space.names} have {inputs.values.shape[:-1]} points and the states "
            f"{state.space.names} {state.values.shape[:-1]}; resample them on one grid."
        )
    space = inputs.space.free([inputs.space.names[i] for i in kept])
    return Field(inputs.values[..., jnp.asarray(kept)], inputs.on, space)
