"""Learning from time series: classes, forecasts, whole series, trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from neuralpde.data import DeviceLoader
from neuralpde.data.series import SeriesDataset, SeriesSample, in_buckets

from .operator_task import batch_of, in_batches
from .series_batches import BucketBatch, BucketBatches, SeriesBatch, SeriesBatches
from .series_objectives import AbstractObjective, Classification, Told


class SeriesTask:
    """Make the mean of an objective over the training set small.

    ``objective`` says what is learnt: `Classification`, `Forecast`, `Interpolation`, `Response` or `Trajectories`.
    `evaluate` gives the means of its measures over the validation set, and its ``monitor`` is monitored; without one the
    test set is measured, and nothing is monitored. What is random in a model is drawn once for all evaluations.

    buckets: sizes, or how many, of groups of series that are about equally long (`neuralpde.data.series.in_buckets`). A
    batch is of one group, so that short series are not padded to the longest; None: all have the size of the longest.

    Raises `TrainingArgumentError` where the targets of the dataset are not those of the objective, and where a bucket does
    not fill a batch; `neuralpde.data.DataError` where a series fits into no bucket.
    """

    def __init__(
        self,
        dataset: SeriesDataset,
        objective: AbstractObjective | None = None,
        batch_size: int = 32,
        buckets: int | Sequence[int] | None = None,
    ):
        self.objective = Classification() if objective is None else objective
        self.objective.check(dataset)
        self.batch_size = batch_size
        self._split = "test" if dataset.validation is None else "validation"
        held_out = dataset.splits()[self._split]
        if buckets is None:
            self.batches = SeriesBatches(DeviceLoader(dataset.train, batch_size))
            self._held_out = [in_batches(held_out, batch_size)]
        else:
            self.batches = BucketBatches(in_buckets(dataset.train, buckets), batch_size)
            self._held_out = [in_batches(part, batch_size) for part in in_buckets(held_out, buckets)]
        self.monitor = None if dataset.validation is None else f"validation/{self.objective.monitor}"

    def loss(
        self, model: Any, batch: SeriesBatch | BucketBatch, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The mean of the loss over a batch, and of what else the objective tells."""
        keys = jax.random.split(key, self.batch_size)

        def mean_over(samples: SeriesSample):
            losses, told = jax.vmap(lambda s, k: self.objective.loss(model, s, batch.step, k))(samples, keys)
            return jnp.mean(losses), jax.tree.map(jnp.mean, told)

        return batch.told(mean_over)

    def evaluate(self, model: Any) -> dict[str, float]:
        """Means over the held-out set."""
        parts = [mean_measures(self.objective, model, samples, counts) for samples, counts in self._held_out]
        shares = [float(jnp.sum(counts)) for _, counts in self._held_out]
        means = jax.tree.map(lambda *values: float(np.average(np.asarray(values), weights=shares)), *parts)
        return {f"{self._split}/{name}": value for name, value in means.items()}


def measured(objective: AbstractObjective, model: Any, samples: SeriesSample, batch_size: int) -> dict[str, float]:
    """Means of the measures of a model over stacked samples."""
    means = mean_measures(objective, model, *in_batches(samples, batch_size))
    return {name: float(value) for name, value in means.items()}


@eqx.filter_jit
def mean_measures(
    objective: AbstractObjective, model: Any, samples: SeriesSample, counts: Bool[Array, "batches batch"]
) -> Told:
    """Means over those samples of `in_batches` that count; traceable."""
    keys = jax.random.split(jax.random.key(0), counts.shape)

    def of_batch(index: Int[Array, ""]) -> Told:
        batch, counted, own = batch_of((samples, counts, keys), index)
        values = jax.vmap(lambda s, k: objective.measures(model, s, k))(batch, own)
        return jax.tree.map(lambda v: jnp.sum(v, where=counted), values)

    sums = jax.lax.map(of_batch, jnp.arange(len(counts)))
    return jax.tree.map(lambda v: jnp.sum(v) / jnp.sum(counts), sums)
