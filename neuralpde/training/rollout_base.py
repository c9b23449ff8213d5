"""What all tasks of stepping in time share: the operator that is built, and the rollouts it is measured by."""

from __future__ import annotations

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from neuralpde.data import Dataset
from neuralpde.nn import Standardize
from neuralpde.operators import AbstractOperator, Stepping, history_space, rollouts
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Sample, Trajectory, relative_l2

from .failures import TrainingArgumentError
from .normalizers import centred_normalizer, fitted_normalizer, joined_normalizer
from .operator_task import batch_of, held_out_split, in_batches
from .rollout_loss import first_input, time_step
from .rollout_windows import Trajectories, Window, trajectory_of


class AbstractRolloutTask(abc.ABC):
    """A task whose operator makes time steps; the dataset holds trajectories (it is read with ``pairs=None``).

    The operator maps ``source``, the last ``history`` states and the constants, to ``target``, the next state,
    ``stride`` stored states later: `neuralpde.data.frames` makes pairs of the same spaces. `operator` makes it of a
    network between ``network_source`` and ``target``.

    `evaluate` makes rollouts of the validation set, from the first states on to their end (or ``evaluate_steps``), and
    gives the relative L2 error of a state: its mean over samples and steps (``validation/relative_l2``, which is
    monitored), and that of the first and the last step. Without a validation set the first test set is measured, and
    nothing is monitored.
    """

    batches: Any

    def __init__(
        self,
        dataset: Dataset,
        stepping: Stepping,
        history: int,
        stride: int,
        batch_size: int,
        evaluate_steps: int | None,
    ):
        if history < 1 or stride < 1 or (evaluate_steps is not None and evaluate_steps < 1):
            raise TrainingArgumentError(
                f"history={history}, stride={stride} and evaluate_steps={evaluate_steps} are at least 1."
            )
        self.stepping, self.history, self.stride, self.batch_size = stepping, history, stride, batch_size
        self._trajectories = Trajectories(dataset.train)
        constants = self._trajectories.constants
        self.target = trajectory_of(dataset.train).field.space
        self.source = history_space(self.target, history, () if constants is None else constants.space.names)
        self._split, held_out = held_out_split(dataset)
        self.monitor = "validation/relative_l2" if self._split == "validation" else None
        self._held_out = None if held_out is None else self._prepared(held_out, evaluate_steps)
        self.states_normalizer = Standardize.fit(self._states())

    @abc.abstractmethod
    def loss(self, model: Any, batch: Window, key: PRNGKeyArray) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The scalar to be made small."""

    @property
    def network_source(self) -> FunctionSpace:
        """What the network takes: ``source``, and for a refinement a noisy estimate of the answer."""
        return self.stepping.network_source(self.source, self.target)

    @property
    def on(self) -> AbstractDiscretization:
        """Where the states of the training set live."""
        return jax.tree.map(lambda leaf: leaf[0, 0], self._trajectories.states.field.on)

    def operator(
        self, network: AbstractOperator, inputs: str = "channel", targets: str = "channel"
    ) -> AbstractOperator:
        """The operator that a network makes, with normalisers (``none``, ``channel``, ``point``) of the training set.

        All states of a history have the statistics of all states.
        """
        return self.stepping.operator(network, self.source, *self.normalizers(inputs, targets))

    def normalizers(self, inputs: str, targets: str) -> tuple[Standardize | None, Standardize | None]:
        """Of the operator's input, and of what it predicts."""
        return self._input_normalizer(inputs), self._output_normalizer(targets)

    def evaluate(self, model: Any) -> dict[str, float]:
        """Errors of rollouts of the held-out set."""
        if self._held_out is None:
            return {}
        errors = np.asarray(_rollout_errors(model, *self._held_out, self.history))
        found = {"relative_l2": errors.mean(), "relative_l2_first": errors[0], "relative_l2_last": errors[-1]}
        return {f"{self._split}/{name}": float(value) for name, value in found.items()}

    def _prepared(self, held_out: Sample, steps: int | None) -> tuple[Window, Bool[Array, "batches batch"]]:
        """Held-out trajectories at the task's stride, as `in_batches` folds them."""
        stop = None if steps is None else (self.history + steps - 1) * self.stride + 1
        targets = jax.tree.map(lambda leaf: np.asarray(leaf)[:, : stop : self.stride], trajectory_of(held_out))
        if targets.times.shape[1] <= self.history:
            raise TrainingArgumentError(
                f"Held-out trajectories have {targets.times.shape[1]} states at stride={self.stride}: no step is left "
                f"after a history of {self.history}. Choose a shorter history or stride."
            )
        thinned = eqx.tree_at(lambda s: s.targets, held_out, targets)
        found = Trajectories(thinned)
        whole = Window(found.states, found.constants, found.parameters)
        return in_batches(whole, min(self.batch_size, found.count))

    def _states(self) -> Field:
        """All states of the training set, stacked along one axis."""
        return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), self._trajectories.states.field)

    def _input_normalizer(self, kind: str) -> Standardize | None:
        states = fitted_normalizer(kind, self._states())
        if states is None:
            return None
        constants = self._trajectories.constants
        fitted = None if constants is None else fitted_normalizer(kind, constants)
        parts = [states] * self.history + ([] if fitted is None else [fitted])
        return joined_normalizer(parts, self.source)

    def _output_normalizer(self, kind: str) -> Standardize | None:
        if self.stepping.predict != "difference":
            states = fitted_normalizer(kind, self._states())
            return states if states is None or self.stepping.predict == "state" else centred_normalizer(states)
        states = self._trajectories.states.field
        later, earlier = (states.values[:, i] for i in (slice(self.stride, None), slice(None, -self.stride)))
        flat = self._states()
        changes = (later - earlier).reshape(-1, *flat.values.shape[1:])
        return fitted_normalizer(kind, eqx.tree_at(lambda f: f.values, flat, changes))


def _rollout_errors(
    operator: AbstractOperator, windows: Window, counts: Bool[Array, "batches batch"], history: int
) -> Float[Array, " steps"]:
    """Relative L2 error of each step, mean over the samples that count."""
    keys = jax.random.split(jax.random.key(0), counts.shape)
    sums = []
    for i in range(len(counts)):
        window, counted, key, first, step = _batch((windows, counts, keys), np.asarray(i), history)
        start, steps = jnp.zeros_like(step), windows.states.times.shape[-1] - history
        predicted = rollouts(operator, first, steps, parameters=window.parameters, start=start, time_step=step, key=key)
        sums.append(_summed_errors(predicted, window, counted, history))
    return sum(sums[1:], sums[0]) / jnp.sum(counts)


@eqx.filter_jit
def _batch(all_batches: tuple[Window, Array, Array], index: Int[Array, ""], history: int):
    """Windows, which of them count, their keys, and the first inputs and time steps of their rollouts."""
    window, counted, keys = batch_of(all_batches, index)
    first = jax.vmap(lambda w: first_input(w, history))(window)
    return window, counted, keys, first, jax.vmap(lambda w: time_step(w, history))(window)


@eqx.filter_jit
def _summed_errors(
    predicted: Trajectory, window: Window, counted: Bool[Array, " batch"], history: int
) -> Float[Array, " steps"]:
    truth = jax.tree.map(lambda leaf: leaf[:, history:], window.states.field)
    return jnp.sum(jax.vmap(jax.vmap(relative_l2))(predicted.field, truth), axis=0, where=counted[:, None])
