"""Samples of series sorted by their lengths: short ones are not padded to the longest of all."""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Int

from neuralpde.data.dataset import DataError
from neuralpde.spaces import ControlPath, IrregularSeries

from .batching import rows_of_sizes
from .dataset import SeriesSample


def in_buckets(samples: SeriesSample, sizes: int | Sequence[int]) -> tuple[SeriesSample, ...]:
    """Stacked samples in groups, each cut to the smallest of ``sizes`` that holds what is no padding in it.

    sizes: numbers of entries, the largest of which holds all; a number n stands for n sizes that part the samples into
    groups as equal as their lengths allow. Paths and targets that are series are cut alike: nothing but padding is lost.
    Groups without samples are left out. Raises `DataError` where a series fits nowhere, for sizes below two, as a path has
    two entries or more, and for fewer than one group.
    """
    lengths = entries(samples)
    sizes = even_sizes(lengths, sizes) if isinstance(sizes, int) else sizes
    if min(sizes, default=2) < 2:
        raise DataError(f"Groups hold series of two entries or more, got the sizes {list(sizes)}.")
    rows = rows_of_sizes(lengths, sizes)
    part = lambda chosen: jax.tree.map(lambda leaf: np.asarray(leaf)[chosen], samples)
    return tuple(_cut(part(chosen), size) for size, chosen in rows.items())


def even_sizes(lengths: Int[np.ndarray, " sample"], count: int) -> list[int]:
    """Sizes of two or more that part series of these lengths into ``count`` groups, fewer where many are equally long."""
    if count < 1:
        raise DataError(f"Series are parted into one group or more, got {count}.")
    parts = np.quantile(lengths, np.arange(1, count + 1) / count, method="higher")
    return sorted({max(2, int(size)) for size in parts})


def entries(samples: SeriesSample) -> Int[np.ndarray, " sample"]:
    """How many entries of each stacked sample are no padding: the more of the series and of a target that is one."""
    many = _lengths(samples.measured)
    target = samples.target
    return np.maximum(many, _lengths(target)) if isinstance(target, IrregularSeries) else many


def _lengths(series: IrregularSeries) -> Int[np.ndarray, " sample"]:
    count, size = series.times.shape
    return np.full(count, size) if series.length is None else np.asarray(series.length)


def _cut(samples: SeriesSample, size: int) -> SeriesSample:
    """At most ``size`` entries of each sample."""
    shorter = lambda part: _shorter(part, size) if isinstance(part, IrregularSeries) else part
    series = samples.series
    cut = _shorter_path(series, size) if isinstance(series, ControlPath) else shorter(series)
    return SeriesSample(cut, shorter(samples.target))


def _shorter(series: IrregularSeries, size: int) -> IrregularSeries:
    return eqx.tree_at(lambda s: (s.times, s.values), series, (series.times[:, :size], series.values[:, :size]))


def _shorter_path(path: ControlPath, size: int) -> ControlPath:
    # Between two entries there is one piece, or two where the path is rectilinear; pieces depend on no later entry that
    # belongs to the series.
    whole = path.series.times.shape[1]
    pieces = path.pieces.a.shape[1] // (whole - 1) * (min(size, whole) - 1)
    cut = jax.tree.map(lambda leaf: leaf[:, :pieces], path.pieces)
    return eqx.tree_at(
        lambda p: (p.knots, p.pieces, p.series),
        path,
        (path.knots[:, : pieces + 1], cut, _shorter(path.series, size)),
    )
