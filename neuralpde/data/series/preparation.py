"""What is done to a dataset of series before it is learnt: missing values, units of time and values, paths."""

from __future__ import annotations

import dataclasses

import equinox as eqx
import jax
import numpy as np

from neuralpde.spaces import IrregularSeries, control_path

from .dataset import SeriesDataset, SeriesSample
from .missing import with_missing


def prepared(
    dataset: SeriesDataset,
    missing: float = 0.0,
    missing_seed: int = 0,
    duration: float | None = None,
    standardize: bool = False,
    path: str | None = None,
    counts: bool = False,
) -> SeriesDataset:
    """A dataset with a share of ``missing`` values, in the units that networks like, and with paths made once for all.

    - ``duration``: the longest series of the training set lasts so long, in a new unit of time; times are kept where it
      is None. Every series begins at zero of its own.
    - ``standardize``: channels, and targets that are series, have mean 0 and deviation 1 over the measured values of the
      training set.
    - ``path``, ``counts``: those of `neuralpde.spaces.control_path`; without a path the samples hold bare series.

    In other units the law of the dataset is no longer that of its series, and is left out.
    """
    dataset = with_missing(dataset, missing, missing_seed)
    if duration is not None:
        dataset = _with_duration(dataset, duration)
    if standardize:
        dataset = _standardized(dataset)
    if standardize or duration is not None:
        dataset = dataclasses.replace(dataset, law=None)
    return dataset if path is None else with_paths(dataset, path, counts)


def with_paths(dataset: SeriesDataset, path: str = "hermite", counts: bool = False) -> SeriesDataset:
    """A dataset whose samples hold the coefficients of the paths through their series: no training makes them anew."""
    made = jax.jit(jax.vmap(lambda series: control_path(series, path, counts)))

    def change(samples: SeriesSample) -> SeriesSample:
        return SeriesSample(jax.device_get(made(samples.measured)), samples.target)

    return dataset.map(change, path=path, counts=counts)


def _with_duration(dataset: SeriesDataset, duration: float) -> SeriesDataset:
    series = dataset.train.measured
    scale = duration / float(np.max(_ends(series) - series.times[:, 0]))

    def rescaled(part: IrregularSeries, start: np.ndarray) -> IrregularSeries:
        return eqx.tree_at(lambda s: s.times, part, np.asarray((part.times - start) * scale, part.times.dtype))

    def change(samples: SeriesSample) -> SeriesSample:
        start = samples.measured.times[:, :1]
        return _changed(samples, lambda part: rescaled(part, start))

    return dataset.map(change, time_scale=scale)


def _standardized(dataset: SeriesDataset) -> SeriesDataset:
    values = dataset.train.measured.values
    mean, deviation = np.nanmean(values, axis=(0, 1)), np.nanstd(values, axis=(0, 1))
    deviation = np.where(deviation > 0, deviation, 1)

    def rescaled(part: IrregularSeries) -> IrregularSeries:
        return eqx.tree_at(lambda s: s.values, part, np.asarray((part.values - mean) / deviation, part.values.dtype))

    change = lambda samples: _changed(samples, rescaled)
    return dataset.map(change, mean=mean.tolist(), deviation=deviation.tolist())


def _changed(samples: SeriesSample, change) -> SeriesSample:
    """The series, and a target that is one, changed alike."""
    target = samples.target
    return SeriesSample(change(samples.measured), change(target) if isinstance(target, IrregularSeries) else target)


def _ends(series: IrregularSeries) -> np.ndarray:
    """The last time of each stacked series."""
    if series.length is None:
        return series.times[:, -1]
    return np.take_along_axis(series.times, np.asarray(series.length)[:, None] - 1, axis=1)[:, 0]
