"""Series of different lengths and times, brought together so that they can be stacked."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np
from jaxtyping import Int

from neuralpde.data.dataset import DataError
from neuralpde.spaces import IrregularSeries


def stack_series(series: Sequence[IrregularSeries], size: int | None = None) -> IrregularSeries:
    """Series padded to one size, that of the longest where left out, and stacked along a new first axis.

    Raises `DataError` where there is none, or one is longer than ``size``.
    """
    longest = max((len(s) for s in series), default=0)
    size = longest if size is None else size
    if not series or longest > size:
        raise DataError(f"There are {len(series)} series of at most {longest} entries to be stacked to {size} entries.")
    return jax.tree.map(
        lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *(s.padded(size) for s in series)
    )


def bucketed(series: Sequence[IrregularSeries], sizes: Sequence[int]) -> dict[int, np.ndarray]:
    """Which series go into batches of which size: each into the smallest of ``sizes`` that holds it.

    Less is padded than with one size for all, and there are as many programs to compile as sizes. Raises `DataError`
    where a series fits nowhere.
    """
    return rows_of_sizes(np.array([len(s) for s in series]), sizes)


def rows_of_sizes(lengths: Int[np.ndarray, " series"], sizes: Sequence[int]) -> dict[int, np.ndarray]:
    """The same for series of known lengths."""
    limits = np.unique(np.asarray(sizes, int))
    if not len(limits) or lengths.max(initial=0) > limits[-1]:
        raise DataError(f"The longest series has {lengths.max(initial=0)} entries; the sizes are {list(sizes)}.")
    place = np.searchsorted(limits, lengths)
    return {int(limit): np.flatnonzero(place == i) for i, limit in enumerate(limits) if (place == i).any()}


def on_union_grid(series: Sequence[IrregularSeries]) -> IrregularSeries:
    """Series on the union of their times, stacked; a series has no values at the times of the others alone.

    So one solve gives the states that all of a batch want. No entry of the union is padding: lengths are dropped.
    """
    belonging = [(np.asarray(s.times), np.asarray(s.values), int(s.last) + 1) for s in series]
    times = np.unique(np.concatenate([t[:n] for t, _, n in belonging]))
    values = np.full((len(series), len(times), series[0].channels), np.nan, belonging[0][1].dtype)
    for row, (t, x, n) in enumerate(belonging):
        values[row, np.searchsorted(times, t[:n])] = x[:n]
    rows = [IrregularSeries(times, row, s.static) for row, s in zip(values, series, strict=True)]
    return stack_series(rows)
