"""Pairs of functions from trajectories: what an operator learns from to step in time.

Both kinds of pairs are sources themselves: pairs are cut out when they are read, so that the windows of a set of
trajectories, which together are many times its size, are never all in memory unless they are asked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import numpy as np

from neuralpde.operators import history_space
from neuralpde.spaces import Field, Sample, Trajectory

from .dataset import DataError, Dataset
from .source import (
    EVERYTHING,
    InMemory,
    Rows,
    SampleSource,
    TrajectorySource,
    in_host_memory,
    row_numbers,
    stacked_field,
    unchecked,
)


def frames(source: TrajectorySource, history: int = 1, horizon: int = 1) -> SampleSource:
    """Every window of every trajectory: ``history`` states in, the state ``horizon`` steps after the last of them
    out.

    The components of the input are ``u@-1, v@-1, u@0, v@0`` for a history of two states of ``u, v``, oldest first,
    then the components of the source's inputs that are no states (a force, a mask). Windows are numbered by
    trajectory, then by time; parameters are those of the trajectory, at the last state of the history where they
    vary in time.

    Raises `DataError` where a trajectory is shorter than a window, or samples have no trajectories.
    """
    if history < 1 or horizon < 1:
        raise DataError(f"frames: history={history} and horizon={horizon} must be at least 1.")
    return Windows(source, history, horizon)


def initial_to_final(source: TrajectorySource) -> SampleSource:
    """The inputs of a source, with the initial states, to the last state of each trajectory.

    Raises `DataError` where samples have no trajectories.
    """
    return InitialToFinal(source)


def paired(dataset: Dataset, pairs: Callable[[TrajectorySource], SampleSource]) -> Dataset:
    """A dataset of trajectories as one of pairs; ``pairs`` is `frames`, `initial_to_final` or a function like
    these.
    """
    made = {name: in_host_memory(pairs(InMemory(sample))) for name, sample in dataset.splits().items()}
    return Dataset(
        name=dataset.name,
        train=made["train"],
        validation=made.get("validation"),
        test={label: made[f"test/{label}"] for label in dataset.test},
        provenance=dataset.provenance,
    )


@dataclasses.dataclass(frozen=True, eq=False)
class InitialToFinal:
    """See `initial_to_final`."""

    source: TrajectorySource

    @property
    def count(self) -> int:
        return self.source.count

    def read(self, rows: Rows = EVERYTHING) -> Sample:
        """The pairs of ``rows``."""
        first, last = self.source.read(rows, slice(0, 1)), self.source.read(rows, slice(-1, None))
        final = _trajectory(last)
        targets = _placed(final.field, np.s_[:, -1])
        parameters = {
            name: values[:, 0] if name in self.source.varying else values for name, values in first.parameters.items()
        }
        return unchecked(Sample, inputs=first.inputs, targets=targets, parameters=parameters)


class Windows:
    """See `frames`."""

    def __init__(self, source: TrajectorySource, history: int, horizon: int):
        self.source, self.history, self.horizon = source, history, horizon
        self.length = history + horizon
        steps = np.asarray([source.steps(row) for row in range(source.count)])
        if steps.min() < self.length:
            raise DataError(
                f"frames: history={history} and horizon={horizon} need {self.length} states, trajectory "
                f"{int(steps.argmin())} has {steps.min()}; shorten the window or the strides (samples that are pairs "
                "of functions have one state: use them as they are)."
            )
        self._ends = np.cumsum(steps - self.length + 1)

    @property
    def count(self) -> int:
        return int(self._ends[-1])

    def read(self, rows: Rows = EVERYTHING) -> Sample:
        """The pairs of ``rows``; windows of one trajectory are cut out of one read."""
        numbers = row_numbers(rows, self.count)
        homes = np.searchsorted(self._ends, numbers, side="right")
        starts = numbers - np.concatenate([[0], self._ends])[homes]
        read = []
        for home in np.unique(homes):
            places = np.flatnonzero(homes == home)
            read.append((places, self._of_one(int(home), starts[places])))
        order = np.argsort(np.concatenate([places for places, _ in read]))
        return _restacked([sample for _, sample in read], order)

    def _of_one(self, row: int, starts: np.ndarray) -> Sample:
        """The windows of one trajectory that begin at ``starts``."""
        first, stop = int(starts.min()), int(starts.max()) + self.length
        sample = self.source.read([row], slice(first, stop))
        states = _placed(_trajectory(sample).field, 0)
        values, present = states.values, starts - first + self.history - 1
        past = present[:, None] + np.arange(1 - self.history, 1)
        channels = np.moveaxis(values[past], 1, -2)  # (window, *grid, history, channel)
        inputs = channels.reshape(*channels.shape[:-2], -1)
        constants, names = self._constants(sample.inputs, states)
        repeated = np.broadcast_to(constants, (len(starts), *constants.shape))
        now = _placed(states, present)
        return unchecked(
            Sample,
            inputs=stacked_field(
                np.concatenate([inputs, repeated], -1), now.on, history_space(states.space, self.history, names)
            ),
            targets=_placed(states, present + self.horizon),
            parameters={
                name: array[0][present] if name in self.source.varying else np.repeat(array, len(starts), axis=0)
                for name, array in sample.parameters.items()
            },
        )

    @staticmethod
    def _constants(inputs: Field, states: Field) -> tuple[np.ndarray, tuple[str, ...]]:
        """What the input holds beside states: values (*grid, channel) and names."""
        kept = [i for i, name in enumerate(inputs.space.names) if name not in states.space.names]
        if kept and inputs.values.shape[1:-1] != states.values.shape[1:-1]:
            raise DataError(
                f"frames: the inputs {inputs.space.names} have {inputs.values.shape[1:-1]} points and the states "
                f"{states.space.names} {states.values.shape[1:-1]}; resample them on one grid."
            )
        return inputs.values[0][..., kept], tuple(inputs.space.names[i] for i in kept)


def _trajectory(sample: Sample) -> Trajectory:
    if not isinstance(sample.targets, Trajectory):
        raise DataError(
            f"Pairs are cut out of trajectories, and these samples map to {type(sample.targets).__name__}s; use them "
            "as they are (pairs=None)."
        )
    return sample.targets


def _restacked(samples: list[Sample], order: np.ndarray) -> Sample:
    """Stacked samples behind one another, in ``order``."""
    return jax.tree.map(lambda *arrays: np.concatenate(arrays)[order], *samples)


def _placed(states: Field, index) -> Field:
    """Stacked fields at some of the states of one trajectory; points may move from state to state."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[index], states)
