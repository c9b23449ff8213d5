"""Irregular series against loops over their entries, written as the definitions read."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.errors import ArgumentError
from neuralpde.spaces import IrregularSeries

NAN = np.nan
TIMES = np.array([0.0, 0.5, 1.5, 2.0, 4.0])
VALUES = np.array([[NAN, 1.0], [2.0, NAN], [NAN, NAN], [3.0, NAN], [NAN, 5.0]])


@pytest.fixture
def series() -> IrregularSeries:
    return IrregularSeries(TIMES, VALUES)


def test_counts_gaps_and_held_values_are_those_of_a_loop(series):
    counts, gaps, held = np.zeros((5, 2)), np.zeros((5, 2)), np.zeros((5, 2))
    for c in range(2):
        seen, value, count = TIMES[0], 0.0, 0
        for i in range(5):
            gaps[i, c] = TIMES[i] - seen
            if not np.isnan(VALUES[i, c]):
                seen, value, count = TIMES[i], VALUES[i, c], count + 1
            counts[i, c], held[i, c] = count, value
    np.testing.assert_array_equal(series.counts, counts)
    np.testing.assert_array_equal(series.gaps, gaps)
    np.testing.assert_array_equal(series.filled_forward(), held)
    # GRU-D's own recursion (Che et al. 2018, equation 2) agrees.
    for c in range(2):
        delta = 0.0
        for i in range(1, 5):
            delta = TIMES[i] - TIMES[i - 1] + (0.0 if not np.isnan(VALUES[i - 1, c]) else delta)
            assert series.gaps[i, c] == delta


def test_padding_adds_time_without_values(series):
    longer = series.padded(8)
    assert len(longer) == 8 and longer.last == 4
    assert (np.diff(longer.times) > 0).all()
    np.testing.assert_array_equal(longer.values[:5], VALUES)
    assert np.isnan(longer.values[5:]).all()
    np.testing.assert_array_equal(longer.belongs, np.arange(8) < 5)
    np.testing.assert_array_equal(longer.padded(9).belongs, np.arange(9) < 5)
    with pytest.raises(ArgumentError, match="cannot be padded to 3"):
        series.padded(3)


def test_stacked_series_are_mapped_like_single_ones(series):
    stacked = jax.tree.map(lambda *x: jnp.stack(x), series.padded(6), series.padded(6))
    together = jax.vmap(lambda s: s.gaps)(stacked)
    np.testing.assert_array_equal(together[1], series.padded(6).gaps)


def test_channels_of_a_control(series):
    np.testing.assert_array_equal(series.with_channels(counts=True)[:, 0], TIMES)
    np.testing.assert_array_equal(series.with_channels(counts=True)[:, 3:], series.counts)


def test_times_and_values_must_agree():
    with pytest.raises(ArgumentError, match="one row of values for each time"):
        IrregularSeries(TIMES[:4], VALUES)
