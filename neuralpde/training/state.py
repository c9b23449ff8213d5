"""Everything that changes in training, in one pytree of arrays: the carry of the loop and the content of a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, PRNGKeyArray, PyTree

from neuralpde.nn import trainable

from .phases import PhaseProgress, PlannedPhase, initial_progress


class TrainState(eqx.Module):
    """``step`` counts the updates made. The order of the data and all noise are functions of ``key`` and ``step``.

    ``optimizer`` has the states of the optimisers of all phases, ``batch`` the last batch of a task that carries them.
    """

    parameters: PyTree
    average: PyTree
    optimizer: PyTree
    step: Int[Array, ""]
    key: PRNGKeyArray
    finite: Bool[Array, ""]
    phases: PhaseProgress
    batch: PyTree = None


class Parts(eqx.Module):
    """A model in three: what is trained, the arrays that are not, and the rest, which is static."""

    parameters: PyTree
    frozen: PyTree
    static: PyTree


def take_apart(model: Any) -> Parts:
    """Split a model; `put_together` is the inverse."""
    parameters, rest = eqx.partition(model, trainable(model))
    frozen, static = eqx.partition(rest, eqx.is_array)
    return Parts(parameters, frozen, static)


def put_together(parameters: PyTree, frozen: PyTree, static: PyTree) -> Any:
    """The model of some parameters."""
    return eqx.combine(parameters, frozen, static)


def initial_state(
    parts: Parts,
    key: PRNGKeyArray,
    *,
    phases: Sequence[PlannedPhase],
    averaged: bool,
    first_batch: Callable[[Any, PRNGKeyArray], PyTree] | None,
) -> TrainState:
    """The state before the first step, on fresh buffers, since the loop gives its state away."""
    parameters = jax.tree.map(jnp.copy, parts.parameters)
    key = jax.random.clone(key)
    batch = None
    if first_batch is not None:
        batch = first_batch(put_together(parameters, parts.frozen, parts.static), order_and_noise(key)[0])
    return TrainState(
        parameters=parameters,
        average=jax.tree.map(jnp.copy, parameters) if averaged else None,
        optimizer=tuple(phase.optimizer.init(parameters) for phase in phases),
        step=jnp.zeros((), jnp.int32),
        key=key,
        finite=jnp.ones((), bool),
        phases=initial_progress(len(phases)),
        batch=batch,
    )


def order_and_noise(key: PRNGKeyArray) -> tuple[PRNGKeyArray, PRNGKeyArray]:
    """The keys of the batches and of the noise of a run."""
    key_order, key_noise = jax.random.split(key)
    return key_order, key_noise


def moving_average(average: PyTree, parameters: PyTree, decay: float, step: Int[Array, ""]) -> PyTree:
    """``a <- d a + (1 - d) p`` with ``d = min(decay, (1 + step) / (10 + step))``, step counted after the update.

    The bound lets the average forget the initial parameters.
    """
    d = jnp.minimum(decay, (1.0 + step) / (10.0 + step))
    return jax.tree.map(lambda a, p: a + (1.0 - d).astype(a.dtype) * (p - a), average, parameters)


def in_use(state: TrainState, frozen: PyTree) -> PyTree:
    """The arrays of the model that one would use: the averaged parameters where there are any."""
    parameters = state.parameters if state.average is None else state.average
    return eqx.combine(parameters, frozen)


def needed_to_go_on(state: TrainState) -> dict[str, Any]:
    """What a run needs beside `in_use` to go on as if nothing had happened."""
    rest = {"optimizer": state.optimizer, "step": state.step, "key": state.key, "phases": state.phases}
    rest |= {} if state.batch is None else {"batch": state.batch}
    return rest if state.average is None else {**rest, "parameters": state.parameters}


def resumed_state(parts: Parts, saved: dict[str, Any]) -> TrainState:
    """The state of a model `in_use`, taken apart, and what was `needed_to_go_on`."""
    averaged = "parameters" in saved
    return TrainState(
        parameters=saved["parameters"] if averaged else parts.parameters,
        average=parts.parameters if averaged else None,
        optimizer=saved["optimizer"],
        step=saved["step"],
        key=saved["key"],
        finite=jnp.ones((), bool),
        phases=saved["phases"],
        batch=saved.get("batch"),
    )
