"""How long an operator that steps in time stays near the truth: rollouts of test trajectories, and their errors."""

from __future__ import annotations

import dataclasses
import time
import warnings
from collections.abc import Mapping

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, Int
from rich.table import Table

from neuralpde.data import Dataset
from neuralpde.operators import AbstractOperator, constants_of, history_length, rollouts, with_history
from neuralpde.operators.batched_rollout import trajectories
from neuralpde.operators.rollout import TIME_STEP
from neuralpde.spaces import Field, Sample, Trajectory

from .community import correlation_time, fno_block_error, sinenet_scaled_l2
from .evaluate import REFUSALS, batches_of, key_suffix
from .invariants import drifts, stated_equation
from .metrics import NRMSE, RELATIVE_L2, VRMSE, SampleError

THRESHOLDS = (0.8, 0.9)
"""Correlations whose loss is timed, those of PDE-Refiner."""

ERRORS = (RELATIVE_L2, NRMSE, VRMSE)


@dataclasses.dataclass(frozen=True, eq=False)
class Rollouts:
    """What an operator makes of the first states of trajectories, stacked, on the host.

    ``prediction`` and ``truth`` hold the states after the history, (sample, step, *grid, channel); ``one_step`` the
    same states, each predicted from the true ones before it. Times are those of the truth; ``start`` is the time of the
    last state of the history, ``steps_per_second`` the speed of the rollouts, compilation not counted.
    """

    prediction: Trajectory
    one_step: Trajectory
    truth: Trajectory
    start: Float[np.ndarray, " sample"]
    steps_per_second: float


def make_rollouts(operator: AbstractOperator, samples: Sample, *, stride: int = 1, batch_size: int = 16) -> Rollouts:
    """Rollouts of stacked trajectories from their first states to their end, ``stride`` stored states a step.

    The history is that of the operator's source. Operators that draw have a key for each sample, always the same.
    Raises ``TypeError`` where the samples hold no trajectories, ``ValueError`` where these are too short.
    """
    if not isinstance(samples.targets, Trajectory):
        raise TypeError(f"Rollouts are compared with trajectories, got {type(samples.targets).__name__}s.")
    targets = jax.tree.map(lambda leaf: np.asarray(leaf)[:, ::stride], samples.targets)
    history = history_length(operator.source, targets.field.space)
    if targets.times.shape[1] <= history:
        raise ValueError(
            f"Trajectories of {targets.times.shape[1]} states at stride {stride} leave no step after {history}."
        )
    keys = jax.random.split(jax.random.key(0), targets.times.shape[0])
    thinned = eqx.tree_at(lambda s: s.targets, samples, targets)
    parts, seconds = [], []
    for batch, count in batches_of((thinned, np.asarray(jax.random.key_data(keys))), batch_size):
        batch = jax.device_put(batch)
        if not parts:
            jax.block_until_ready(_rolled_out(operator, *batch, history))
        begin = time.perf_counter()
        predicted = jax.block_until_ready(_rolled_out(operator, *batch, history))
        seconds.append(time.perf_counter() - begin)
        both = (predicted, _stepped(operator, *batch, history))
        parts.append(jax.tree.map(lambda a, n=count: np.asarray(a)[:n], both))
    prediction, one_step = jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
    truth = jax.tree.map(lambda leaf: leaf[:, history:], targets)
    made = min(batch_size, len(keys)) * len(parts) * truth.times.shape[1]
    return Rollouts(prediction, one_step, truth, targets.times[:, history - 1], made / sum(seconds))


def evaluate_rollout(
    operator: AbstractOperator, dataset: Dataset, *, stride: int = 1, batch_size: int = 16
) -> tuple[dict[str, float], Rollouts | None]:
    """Errors of rollouts of every test set, with flat keys, and the rollouts of the first.

    ``test/relative_l2``, ``test/nrmse`` and ``test/vrmse`` are those of `METRICS` a state, their mean over samples and
    steps; with ``_first`` and ``_last`` of these steps alone; ``test/one_step_...`` of states predicted from true ones.
    ``test/scaled_l2`` and ``test/block_relative_l2`` reduce as in the papers of SineNet and FNO,
    ``test/correlation_time_0.8`` is the time from the last known state until the correlation is lost (PDE-Refiner), and
    ``test/drift_NAME`` the largest change of an integral that the stated equation conserves, in parts of the integral
    of the state's size (``test/drift_NAME_truth``: that of the data). Keys of other test sets end with ``@LABEL``;
    where the operator refuses one, they are left out with a warning.
    """
    results, first = {}, None
    for label, samples in dataset.test.items():
        suffix = key_suffix(dataset, label)
        try:
            made = make_rollouts(operator, samples, stride=stride, batch_size=batch_size)
        except REFUSALS as refusal:
            if not suffix:
                raise
            warnings.warn(f"The test set {label!r} is left out of the results: {refusal}", stacklevel=2)
            continue
        figures = {**rollout_errors(made), **_drifts(made, samples, dataset)}
        results |= {f"test/{name}{suffix}": value for name, value in figures.items()}
        if first is None:
            first = made
            results["test/steps_per_second"] = made.steps_per_second
    return results, first


def rollout_errors(made: Rollouts) -> dict[str, float]:
    """The errors that `evaluate_rollout` describes, by name."""
    found = {}
    for error in ERRORS:
        rolled, stepped = (errors_of_states(error, part, made.truth) for part in (made.prediction, made.one_step))
        found |= {
            error.name: np.mean(rolled),
            f"{error.name}_first": np.mean(rolled[:, 0]),
            f"{error.name}_last": np.mean(rolled[:, -1]),
            f"one_step_{error.name}": np.mean(stepped),
        }
    found["scaled_l2"] = sinenet_scaled_l2(made.prediction, made.truth)
    found["block_relative_l2"] = fno_block_error(made.prediction, made.truth)
    elapsed = np.asarray(made.truth.times[0]) - made.start[0]
    for threshold in THRESHOLDS:
        found[f"correlation_time_{threshold}"] = correlation_time(made.prediction, made.truth, elapsed, threshold)
    return {name: float(value) for name, value in found.items()}


def rich_rollout_table(results: Mapping[str, float]) -> Table:
    """The errors of a rollout for a terminal: ``rich.print(rich_rollout_table(results))``."""
    table = Table(title="Errors of rollouts, first test set", title_justify="left")
    for heading in ("", "one step", "first step", "all steps", "last step"):
        table.add_column(heading, justify="right" if heading else "left")
    for error in ERRORS:
        keys = (f"one_step_{error.name}", f"{error.name}_first", error.name, f"{error.name}_last")
        if f"test/{error.name}" in results:
            table.add_row(error.name, *(f"{results[f'test/{key}']:.3e}" for key in keys))
    return table


def errors_of_states(error: SampleError, prediction: Trajectory, truth: Trajectory) -> Float[np.ndarray, "sample step"]:
    """An error of each state of stacked trajectories."""
    both = jax.tree.map(np.asarray, (prediction.field, truth.field))
    return np.asarray(_errors(error.function, *both))


def _drifts(made: Rollouts, samples: Sample, dataset: Dataset) -> dict[str, float]:
    equation = stated_equation(dataset)
    if equation is None:
        return {}
    of_data = drifts(equation, made.truth.field, samples.parameters)
    found = drifts(equation, made.prediction.field, samples.parameters)
    return {f"drift_{name}": value for name, value in found.items()} | {
        f"drift_{name}_truth": value for name, value in of_data.items()
    }


@eqx.filter_jit
def _errors(function, prediction: Field, truth: Field) -> Float[Array, "sample step"]:
    return jax.vmap(jax.vmap(function))(prediction, truth)


def _rolled_out(operator: AbstractOperator, samples: Sample, keys: Array, history: int) -> Trajectory:
    first, start, step, key = _beginnings(samples, keys, history)
    steps = _trajectory(samples).times.shape[1] - history
    return rollouts(operator, first, steps, parameters=samples.parameters, start=start, time_step=step, key=key)


@eqx.filter_jit
def _beginnings(samples: Sample, keys: Array, history: int) -> tuple[Field, Array, Array, Array]:
    """First inputs, their times, time steps and keys."""

    def of_one(sample: Sample, key: Array):
        states = _trajectory(sample)
        first = with_history(jax.tree.map(lambda leaf: leaf[:history], states.field), constants_of(sample))
        return first, states.times[history - 1], _time_step(sample, history), jax.random.wrap_key_data(key)

    return jax.vmap(of_one)(samples, keys)


def _stepped(operator: AbstractOperator, samples: Sample, keys: Array, history: int) -> Trajectory:
    """Every state after the history, from the true states before it; the host drives the loop, see `operators.loops`."""
    times = _trajectory(samples).times
    states = [
        _step_from(operator, samples, keys, np.asarray(start), history) for start in range(times.shape[1] - history)
    ]
    return trajectories(times[:, history:], states)


@eqx.filter_jit
def _step_from(operator: AbstractOperator, samples: Sample, keys: Array, start: Int[Array, ""], history: int) -> Field:
    def of_one(sample: Sample, key: Array) -> Field:
        given = operator.given({**sample.parameters, TIME_STEP: _time_step(sample, history)})
        past = jax.tree.map(lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, start, history), _trajectory(sample).field)
        own = jax.random.fold_in(jax.random.wrap_key_data(key), start)
        return given(with_history(past, constants_of(sample)), key=own)

    return jax.vmap(of_one)(samples, keys)


def _trajectory(sample: Sample) -> Trajectory:
    assert isinstance(sample.targets, Trajectory)
    return sample.targets


def _time_step(sample: Sample, history: int) -> Float[Array, ""]:
    times = _trajectory(sample).times
    return times[history] - times[history - 1]
