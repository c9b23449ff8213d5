"""What is to be learnt from series: a loss for one sample, and the measures of a model.

A model of classes or forecasts is ``model(series, key=key) -> (output,)``; one of whole series offers
``evidence(series, target, key)`` beside ``model(series, times=times, key=key) -> (time, output)``; one of trajectories is
``model(y0, times)``, which gives states (time, c) or a `neuralpde.dynamics.Solved` that holds them. Where a model tells what
its answer took (`neuralpde.dynamics.answered`), evaluations and steps are among the measures.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from neuralpde.data.series import SeriesDataset, SeriesSample
from neuralpde.dynamics import Cost, Solved, answered
from neuralpde.spaces import IrregularSeries

from .failures import TrainingArgumentError

Told = dict[str, Float[Array, ""]]
BEYOND = 1e-3


class AbstractObjective(abc.ABC):
    """A loss on one sample at a step of the training, and numbers of one sample whose means measure a model.

    ``monitor`` is the measure that is to be small.
    """

    monitor: str

    @abc.abstractmethod
    def check(self, dataset: SeriesDataset) -> None:
        """Raises `TrainingArgumentError` where a dataset has no such targets."""

    @abc.abstractmethod
    def loss(
        self, model: Any, sample: SeriesSample, step: Int[Array, ""], key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Told]:
        """What is to be small, and other numbers to be logged."""

    @abc.abstractmethod
    def measures(self, model: Any, sample: SeriesSample, key: PRNGKeyArray) -> Told:
        """Numbers whose means over the held-out samples are told."""


@dataclasses.dataclass(frozen=True)
class Classification(AbstractObjective):
    """The class of a series: minus the logarithm of the probability softmax(answer) of the true one."""

    monitor: str = dataclasses.field(default="cross_entropy", init=False)

    def check(self, dataset: SeriesDataset) -> None:
        """The targets are classes."""
        _require(dataset, dataset.classes is not None, "classes")

    def loss(self, model, sample, step, key):
        """The cross entropy."""
        return -jax.nn.log_softmax(model(sample.series, key=key))[sample.target], {}

    def measures(self, model, sample, key):
        """Cross entropy, accuracy (the share of series whose most probable class is the true one), and cost."""
        scores, cost = answered(model, sample.series, key=key)
        right = (jnp.argmax(scores) == sample.target).astype(scores.dtype)
        return {"cross_entropy": -jax.nn.log_softmax(scores)[sample.target], "accuracy": right, **_counts(cost)}


@dataclasses.dataclass(frozen=True)
class Forecast(AbstractObjective):
    """An array of numbers: the mean square over those that are known."""

    monitor: str = dataclasses.field(default="mean_square", init=False)

    def check(self, dataset: SeriesDataset) -> None:
        """The targets are arrays."""
        array = dataset.classes is None and not isinstance(dataset.train.target, IrregularSeries)
        _require(dataset, array, "arrays")

    def loss(self, model, sample, step, key):
        """The mean square."""
        return _mean_square(model(sample.series, key=key).reshape(sample.target.shape), sample.target), {}

    def measures(self, model, sample, key):
        """The mean square, and cost."""
        values, cost = answered(model, sample.series, key=key)
        return {"mean_square": _mean_square(values.reshape(sample.target.shape), sample.target), **_counts(cost)}


@dataclasses.dataclass(frozen=True)
class Interpolation(AbstractObjective):
    """A series of which some is seen: the evidence bound, misfit + weight x divergence.

    The weight grows linearly from 0 to ``divergence`` over ``anneal`` steps of training; it is that from the start where
    ``anneal`` is 0. See `neuralpde.dynamics.Evidence`.
    """

    divergence: float = 1.0
    anneal: int = 0
    monitor: str = dataclasses.field(default="mean_square", init=False)

    def check(self, dataset: SeriesDataset) -> None:
        """The targets are series."""
        _require(dataset, isinstance(dataset.train.target, IrregularSeries), "series")

    def loss(self, model, sample, step, key):
        """The bound with its weight of this step."""
        evidence = model.evidence(sample.series, sample.target, key)
        grown = jnp.minimum(step / self.anneal, 1.0) if self.anneal else 1.0
        told = {"misfit": evidence.misfit, "divergence": evidence.divergence}
        return evidence.misfit + self.divergence * grown * evidence.divergence, told

    def measures(self, model, sample, key):
        """Mean square and cost of the answer without noise, and the bound with all of its weight."""
        misfit, divergence = model.evidence(sample.series, sample.target, key)
        values, cost = answered(model, sample.series, times=sample.target.times)
        mean_square = _mean_square(values, sample.target.values)
        return {"mean_square": mean_square, "bound": misfit + divergence, **_counts(cost)}


@dataclasses.dataclass(frozen=True)
class Trajectories(AbstractObjective):
    """Series that begin with a known state and follow a law: the mean square of the model's solution.

    - ``grow``: steps of training over which the time that counts grows from the share ``begin`` to the whole; time beyond
      passes a thousand times slower, so that solving it is cheap.
    - ``shooting``: the series is cut into pieces of so many steps; each is solved from its own first value, and the end
      of each, which is the beginning of the next, counts too. Both escape the minima of long solutions.
    """

    grow: int | None = None
    begin: float = 0.1
    shooting: int | None = None
    monitor: str = dataclasses.field(default="mean_square", init=False)

    def check(self, dataset: SeriesDataset) -> None:
        """The targets are series whose first values are there, those of all pieces with shooting."""
        target = dataset.train.target
        _require(dataset, isinstance(target, IrregularSeries), "series")
        length = target.times.shape[-1] - 1
        if self.shooting is not None and (self.shooting < 1 or length % self.shooting):
            raise TrainingArgumentError(f"shooting={self.shooting} does not divide the {length} steps of the series.")
        if (self.grow is not None and self.grow < 1) or not 0 < self.begin <= 1:
            raise TrainingArgumentError(f"grow={self.grow} is at least 1 or None, begin={self.begin} in (0, 1].")
        starts = target.mask[:, : length or 1 : self.shooting or (length or 1)]
        _require(dataset, bool(starts.all()), "series that begin with a value in every channel")

    def loss(self, model, sample, step, key):
        """The mean square over the time that counts now."""
        target = sample.target
        span = target.times[-1] - target.times[0]
        share = 1.0 if self.grow is None else jnp.minimum(self.begin + (1 - self.begin) * step / self.grow, 1.0)
        since = target.times - target.times[0]
        end = share * span
        times = target.times[0] + jnp.minimum(since, end) + BEYOND * jnp.maximum(since - end, 0)
        counted = jnp.where((since <= end * (1 + 1e-6))[:, None], target.values, jnp.nan)
        told = {} if self.grow is None else {"share": jnp.asarray(share)}
        return _mean_square(self._solution(model, times, target.values), counted), told

    def measures(self, model, sample, key):
        """The mean square of the solution from the first value alone, and its cost."""
        target = sample.target
        solution = model(target.values[0], target.times)
        cost = solution.cost if isinstance(solution, Solved) else None
        return {"mean_square": _mean_square(_states(solution), target.values), **_counts(cost)}

    def _solution(self, model: Any, times: Array, values: Array) -> Float[Array, "time channel"]:
        if self.shooting is None:
            return _states(model(values[0], times))
        n = self.shooting
        index = jnp.arange(0, len(times) - 1, n)[:, None] + jnp.arange(n + 1)
        pieces = jax.vmap(lambda y0, t: _states(model(y0, t)))(values[index[:, 0]], times[index])
        return jnp.concatenate([values[:1], pieces[:, 1:].reshape(-1, values.shape[-1])])


@dataclasses.dataclass(frozen=True)
class Response(AbstractObjective):
    """Series that follow from what is seen of them, such as the parameters of an experiment: the mean absolute error.

    The model answers ``model(series, times=times, key=key)``, one row for each time of the target.
    """

    monitor: str = dataclasses.field(default="mean_absolute", init=False)

    def check(self, dataset: SeriesDataset) -> None:
        """The targets are series."""
        _require(dataset, isinstance(dataset.train.target, IrregularSeries), "series")

    def loss(self, model, sample, step, key):
        """The mean absolute error over the values that are there."""
        answer = model(sample.series, times=sample.target.times, key=key)
        return _mean_of(jnp.abs, answer, sample.target.values), {}

    def measures(self, model, sample, key):
        """Mean absolute error, mean square, and cost."""
        answer, cost = answered(model, sample.series, times=sample.target.times)
        missed = {"mean_absolute": _mean_of(jnp.abs, answer, sample.target.values)}
        return {**missed, "mean_square": _mean_square(answer, sample.target.values), **_counts(cost)}


def _states(answer: Any) -> Float[Array, "time channel"]:
    return answer.states if isinstance(answer, Solved) else answer


def _counts(cost: Cost | None) -> Told:
    """Evaluations and steps, as far as they are known."""
    return {} if cost is None else {name: jnp.asarray(count, float) for name, count in cost.counts.items()}


def _mean_square(answer: Array, truth: Array) -> Float[Array, ""]:
    return _mean_of(jnp.square, answer, truth)


def _mean_of(size: Callable[[Array], Array], answer: Array, truth: Array) -> Float[Array, ""]:
    """Of the misses, over the values that are there."""
    known = ~jnp.isnan(truth)
    misses = jnp.where(known, answer, 0) - jnp.where(known, truth, 0)
    return jnp.sum(size(misses)) / jnp.maximum(jnp.sum(known), 1)


def _require(dataset: SeriesDataset, fits: bool, wanted: str) -> None:
    if not fits:
        raise TrainingArgumentError(
            f"The objective wants {wanted} as targets, and those of dataset {dataset.name!r} are others; choose another "
            "objective or dataset."
        )
