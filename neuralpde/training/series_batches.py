"""Batches of time series for the steps of a training: of one length, or each of one of several lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray

from neuralpde.data import DeviceLoader
from neuralpde.data.loader import batch_indices
from neuralpde.data.series import SeriesSample

from .failures import TrainingArgumentError

Told = TypeVar("Told")


class SeriesBatch(eqx.Module):
    """Stacked samples, and the step of training that they are for."""

    samples: SeriesSample
    step: Int[Array, ""]

    def told(self, tell: Callable[[SeriesSample], Told]) -> Told:
        """What is told of the samples."""
        return tell(self.samples)


class SeriesBatches(eqx.Module):
    """The batches of `neuralpde.data.DeviceLoader`, each with its step, by which weights and horizons grow."""

    loader: DeviceLoader

    def batch(self, step: Int[Array, ""] | int, key: PRNGKeyArray) -> SeriesBatch:
        """The batch of a step."""
        return SeriesBatch(self.loader.batch(step, key), jnp.asarray(step))


class BucketBatch(eqx.Module):
    """A batch out of one of several buckets: which one is known when the program runs."""

    loaders: tuple[DeviceLoader, ...]
    bucket: Int[Array, ""]
    place: Int[Array, ""]
    step: Int[Array, ""]
    key: PRNGKeyArray

    def told(self, tell: Callable[[SeriesSample], Told]) -> Told:
        """What is told of the samples; the program has a branch for each bucket, of which one runs."""
        branches = [
            lambda loader=loader, number=number: tell(loader.batch(self.place, jax.random.fold_in(self.key, number)))
            for number, loader in enumerate(self.loaders)
        ]
        return jax.lax.switch(self.bucket, branches)


class BucketBatches(eqx.Module):
    """Batches of series that are about equally long, from samples in buckets (`neuralpde.data.series.in_buckets`).

    In an epoch each bucket has as many batches as it fills, and all of them come in random order. Every bucket is compiled
    by itself, within one program. On several devices each computes all of a batch.

    Raises `TrainingArgumentError` where a bucket has fewer samples than a batch.
    """

    loaders: tuple[DeviceLoader, ...]

    def __init__(self, buckets: Sequence[SeriesSample], batch_size: int):
        counts = [len(jax.tree.leaves(samples)[0]) for samples in buckets]
        if min(counts) < batch_size:
            sizes = [len(samples.measured.times[0]) for samples in buckets]
            told = ", ".join(f"{count} of {size} entries" for count, size in zip(counts, sizes, strict=True))
            raise TrainingArgumentError(
                f"A bucket wants the {batch_size} series of a batch or more, and there are {told}; take fewer buckets, or "
                "smaller batches."
            )
        self.loaders = tuple(DeviceLoader(samples, batch_size) for samples in buckets)

    def batch(self, step: Int[Array, ""] | int, key: PRNGKeyArray) -> BucketBatch:
        """The batch of a step."""
        key_order, key_rows = jax.random.split(key)
        steps = np.array([loader.steps_per_epoch for loader in self.loaders])
        ends = np.cumsum(steps)
        (drawn,) = batch_indices(step, key_order, int(ends[-1]), 1)
        bucket = jnp.searchsorted(ends, drawn, side="right")
        before = jnp.asarray(step) // ends[-1] * jnp.asarray(steps)[bucket]
        place = before + drawn - jnp.asarray(ends - steps)[bucket]
        return BucketBatch(self.loaders, bucket, place, jnp.asarray(step), key_rows)
