"""Series made ready to be learnt: the same values are lost for the same seed, and nothing else changes."""

import jax
import numpy as np
import pytest

from neuralpde.data import DataError
from neuralpde.data.series import (
    bucketed,
    chirality,
    drop_values,
    on_union_grid,
    prepared,
    stack_series,
    with_missing,
)
from neuralpde.spaces import IrregularSeries


def some_series(length: int, channels: int = 2, seed: int = 0) -> IrregularSeries:
    draw = np.random.default_rng(seed)
    return IrregularSeries(np.sort(draw.uniform(0, 3, length)), draw.normal(size=(length, channels)))


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.5, 0.7])
def test_each_channel_loses_its_share(rate, key):
    series = some_series(50, 3)
    dropped = drop_values(series, rate, key)
    np.testing.assert_array_equal(np.isnan(dropped.values).sum(0), round(50 * rate))
    kept = np.asarray(dropped.mask)
    np.testing.assert_array_equal(dropped.values[kept], series.values[kept])
    # Of what is left the next share goes: nothing is dropped twice.
    again = drop_values(dropped, 0.5, key)
    np.testing.assert_array_equal(np.asarray(again.mask).sum(0), kept.sum(0) - np.round(0.5 * kept.sum(0)))


def test_missing_values_follow_from_the_seed():
    dataset = chirality(train=6, test=4, points=20)
    first, same, other = (with_missing(dataset, 0.5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.train.series.values, same.train.series.values)
    assert (np.isnan(first.train.series.values) != np.isnan(other.train.series.values)).any()
    patterns = np.isnan(first.train.series.values)
    assert (patterns[0] != patterns[1]).any() and (patterns[..., 0] != patterns[..., 1]).any()
    assert first.provenance["missing_rate"] == 0.5


def test_rate_of_one_is_refused(key):
    with pytest.raises(DataError, match="less than 1"):
        drop_values(some_series(5), 1.0, key)


def test_series_go_into_the_smallest_bucket_that_holds_them():
    series = [some_series(n) for n in (3, 8, 5, 6, 8)]
    groups = bucketed(series, (8, 5))
    np.testing.assert_array_equal(groups[5], [0, 2])
    np.testing.assert_array_equal(groups[8], [1, 3, 4])
    with pytest.raises(DataError, match="longest series has 8"):
        bucketed(series, (5, 7))


def test_stacked_series_are_told_apart_from_their_padding():
    series = [some_series(n, seed=n) for n in (3, 7)]
    stacked = stack_series(series)
    for i, one in enumerate(series):
        back = jax.tree.map(lambda leaf, i=i: leaf[i], stacked)
        belongs = np.arange(7) <= back.last
        np.testing.assert_array_equal(back.values[belongs], one.values)
        np.testing.assert_array_equal(back.times[belongs], one.times)


def test_union_of_times_holds_every_value_once():
    series = [some_series(n, seed=n) for n in (3, 7, 5)]
    union = on_union_grid([series[0], series[1].padded(9), series[2]])
    assert union.times.shape == (3, 15)
    for i, one in enumerate(series):
        seen = ~np.isnan(union.values[i, :, 0])
        np.testing.assert_array_equal(union.times[i, seen], one.times)
        np.testing.assert_array_equal(union.values[i, seen], one.values)


def test_prepared_series_last_as_long_as_wanted_and_are_standardised():
    dataset = prepared(
        chirality(train=8, test=4, points=30), missing=0.3, duration=1.0, standardize=True, path="hermite"
    )
    series = dataset.train.measured
    assert series.times[:, 0].max() == 0 and np.isclose(series.times[:, -1], 1).all()
    np.testing.assert_allclose(np.nanmean(series.values, (0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(np.nanstd(series.values, (0, 1)), 1, rtol=1e-12)
    # The paths are those of the changed series.
    assert dataset.train.series.knots[0, -1] == series.times[0, -1]
    seen = ~np.isnan(series.values[0])
    np.testing.assert_allclose(
        dataset.train.series.pieces.a[0][seen[:-1, 0], 1], series.values[0, :-1][seen[:-1, 0], 0]
    )
