"""Several candidates for one problem, trained side by side in one program: what their spread tells of the unknowns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, PRNGKeyArray, PyTree

from neuralpde.pinn import Estimate, Observations, Positive
from neuralpde.pinn.uncertainty import interval
from neuralpde.pinn.unknowns import scalars

from .failures import TrainingArgumentError
from .phases import Phases, as_phases
from .residual_task import ResidualTask
from .state import Parts, in_use, initial_state, take_apart
from .step import training_call


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
        begun = Parts(parameters, frozen, parts.static)
        state = initial_state(begun, key, phases=phases, averaged=False, first_batch=None)
        call = training_call(task, phases, parts.static, rest, steps_per_call=steps)
        state, _ = call(state, frozen, arrays, jnp.int32(steps))
        return in_use(state, frozen)

    trained = jax.jit(jax.vmap(one))(parts.parameters, parts.frozen, keys[:, 2], weights)
    return eqx.combine(trained, parts.static)


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


def _weights(task: ResidualTask, key: PRNGKeyArray, bootstrap: bool) -> dict[str, Array]:
    """The weights of the conditions; of those with observations one number a point."""
    weights = {}
    for i, (name, term) in enumerate(task.terms.items()):
        weights[name] = jnp.asarray(task.batches.weights[name], float)
        if bootstrap and isinstance(term.condition, Observations):
            drawn = jax.random.exponential(jax.random.fold_in(key, i), (term.size,))
            weights[name] = weights[name] * drawn / jnp.mean(drawn)
    return weights
