"""Values taken out of series at random, the same ones for the same seed."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from neuralpde.data.dataset import DataError
from neuralpde.spaces import IrregularSeries

from .dataset import SeriesDataset, SeriesSample


def drop_values(series: IrregularSeries, rate: float, key: Key[Array, ""]) -> IrregularSeries:
    """A series without a share ``rate`` of the values of each channel, drawn for each channel on its own.

    Of n values that were measured round(rate n) are dropped, whatever their times (Kidger et al. 2020, section 4.1).
    Raises `DataError` unless 0 <= rate < 1.
    """
    if not 0 <= rate < 1:
        raise DataError(f"A rate of missing values is at least 0 and less than 1, got {rate}.")
    drawn = jnp.where(series.mask, jax.random.uniform(key, series.values.shape), jnp.inf)
    rank = jnp.argsort(jnp.argsort(drawn, axis=0), axis=0)
    dropped = rank < jnp.round(rate * jnp.sum(series.mask, axis=0))
    return IrregularSeries(series.times, jnp.where(dropped, jnp.nan, series.values), series.static, series.length)


def with_missing(dataset: SeriesDataset, rate: float, seed: int = 0) -> SeriesDataset:
    """A dataset whose series have lost a share of their values; see `drop_values`. Targets stay whole."""

    def change(samples: SeriesSample) -> SeriesSample:
        count = samples.measured.times.shape[0]
        keys = jax.random.split(jax.random.key(seed), count)
        dropped = jax.vmap(lambda s, k: drop_values(s, rate, k))(samples.measured, keys)
        return SeriesSample(jax.device_get(dropped), samples.target)

    return dataset.map(change, missing_rate=rate, missing_seed=seed) if rate else dataset
