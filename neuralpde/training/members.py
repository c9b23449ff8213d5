"""Several candidates for one problem, trained side by side in one program: what their spread tells of the unknowns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, PRNGKeyArray, PyTree

from neuralpde.pinn import AbstractData, Estimate, Positive
from neuralpde.pinn.uncertainty import interval
from neuralpde.pinn.unknowns import scalars

from .failures import TrainingArgumentError
from .phases import Phases, PlannedPhase, as_phases
from .residual_task import ResidualTask
from .state import Parts, in_use, initial_state, take_apart
from .step import training_call
from .task import Task


def fit_members(
    make: Callable[[PRNGKeyArray], Any],
    task: ResidualTask,
    optimizer: optax.GradientTransformation | Phases,
    *,
    members: int,
    steps: int,
    key: PRNGKeyArray,
    bootstrap: bool = True,
) -> PyTree:
    """Candidates ``make(key)`` for several keys, each trained as by `fit`: one candidate whose arrays have an axis of
    members in front.

    With ``bootstrap`` every member weighs the observations in its own way, by independent exponential variables over
    their mean (the Bayesian bootstrap: Rubin, Ann. Statist. 9 (1981) 130): the spread of members is then that of the
    posterior, whatever the noise. Without it the members differ by their first weights and their collocation points
    alone, and their spread is that of the training.

    Raises `TrainingArgumentError` for fewer than two members, and for a task whose batches are carried from step to step.
    """
    if members < 2 or task.carries_batches:
        raise TrainingArgumentError(
            f"fit_members wants at least two members, and a task without resampling and balance; got members={members}."
        )
    keys = jax.random.split(key, (members, 3))
    made = eqx.filter_vmap(make)(keys[:, 0])
    parts, phases = take_apart(made), as_phases(optimizer)
    weights = jax.vmap(lambda key: _weights(task, key, bootstrap))(keys[:, 1])
    data, static = eqx.partition(task.batches, eqx.is_array)

    def one(parameters, frozen, key, weights):
        batches = eqx.tree_at(lambda b: b.weights, eqx.combine(data, static), weights)
        arrays, rest = eqx.partition(batches, eqx.is_array)
        return _trained(Parts(parameters, frozen, parts.static), task, phases, arrays, rest, steps, key)

    trained = jax.jit(jax.vmap(one))(parts.parameters, parts.frozen, keys[:, 2], weights)
    return eqx.combine(trained, parts.static)


def fit_together(
    make: Callable[[PRNGKeyArray], Any],
    tasks: Sequence[Task],
    optimizer: optax.GradientTransformation | Phases,
    *,
    seeds: int,
    steps: int,
    key: PRNGKeyArray,
) -> PyTree:
    """Models ``make(key)`` for several keys, each trained as by `fit` on every one of several tasks, in one program.

    The tasks differ in the arrays of their data alone. The answer is one model whose arrays have an axis of tasks and
    one of seeds in front. A model whose loss is no longer finite stays as it was; the others go on.
    """
    keys = jax.random.split(key, (seeds, 2))
    made = eqx.filter_vmap(make)(keys[:, 0])
    parts, phases = take_apart(made), as_phases(optimizer)
    data = [eqx.partition(task.batches, eqx.is_array) for task in tasks]
    stacked, rest = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(arrays for arrays, _ in data)), data[0][1]

    def one(parameters, frozen, key, arrays):
        return _trained(Parts(parameters, frozen, parts.static), tasks[0], phases, arrays, rest, steps, key)

    of_seeds = jax.vmap(one, in_axes=(0, 0, 0, None))
    every = jax.jit(jax.vmap(of_seeds, in_axes=(None, None, None, 0)))
    return eqx.combine(every(parts.parameters, parts.frozen, keys[:, 1], stacked), parts.static)


def spread(members: Any, level: float = 0.95) -> dict[str, Estimate]:
    """The unknown numbers of candidates of `fit_members`: mean, standard deviation, and mean plus or minus as many
    deviations as Student's t has for ``level``. Of a `Positive` one the logarithm is averaged.
    """
    found = {}
    for name, values in scalars_of_members(members).items():
        logarithmic = isinstance(members.unknowns[name], Positive)
        drawn = np.log(values) if logarithmic else values
        middle = np.exp(drawn.mean()) if logarithmic else drawn.mean()
        found[name] = interval(float(middle), float(drawn.std(ddof=1)), logarithmic, level, float(len(drawn) - 1))
    return found


def scalars_of_members(members: Any) -> dict[str, np.ndarray]:
    """The unknown numbers by name, one of each member."""
    return {name: np.asarray(v) for name, v in eqx.filter_vmap(lambda m: scalars(m.unknowns))(members).items()}


def _trained(
    begun: Parts, task: Task, phases: Sequence[PlannedPhase], data: PyTree, rest: PyTree, steps: int, key: PRNGKeyArray
) -> PyTree:
    """The arrays of one model after its steps; ``data`` and ``rest`` are the batches, taken apart."""
    state = initial_state(begun, key, phases=phases, averaged=False, first_batch=None)
    call = training_call(task, phases, begun.static, rest, steps_per_call=steps)
    state, _ = call(state, begun.frozen, data, jnp.int32(steps))
    return in_use(state, begun.frozen)


def _weights(task: ResidualTask, key: PRNGKeyArray, bootstrap: bool) -> dict[str, Array]:
    """The weights of the conditions; of those with observations one number a point."""
    weights = {}
    for i, (name, term) in enumerate(task.terms.items()):
        weights[name] = jnp.asarray(task.batches.weights[name], float)
        if bootstrap and isinstance(term.condition, AbstractData):
            drawn = jax.random.exponential(jax.random.fold_in(key, i), (term.size,))
            weights[name] = weights[name] * drawn / jnp.mean(drawn)
    return weights
