"""Made-up series against the laws that they claim to be drawn from."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.linalg import expm

from neuralpde.data.series import (
    chirality,
    damped_oscillators,
    decaying_oscillator,
    ornstein_uhlenbeck_rates,
    ramped_ornstein_uhlenbeck,
    spirals,
    stochastic_lorenz,
    switching_sinusoids,
)
from neuralpde.data.series.planar import DECAYING, TURNING
from neuralpde.equations import RampedOrnsteinUhlenbeck

CLASSES = (chirality, damped_oscillators, ornstein_uhlenbeck_rates, switching_sinusoids)


@pytest.mark.parametrize("problem", CLASSES)
def test_classes_are_balanced_and_splits_differ(problem):
    dataset, same, other = problem(train=12, test=6), problem(train=6, test=6), problem(train=12, test=6, seed=1)
    np.testing.assert_array_equal(np.bincount(dataset.train.target), 12 // dataset.outputs)
    np.testing.assert_array_equal(dataset.train.series.values[:6], same.train.series.values)
    np.testing.assert_array_equal(dataset.test.series.values, same.test.series.values)
    assert (dataset.train.series.values != other.train.series.values).any()
    assert (dataset.train.series.values[:6] != dataset.test.series.values).any()
    assert np.isfinite(dataset.train.series.values).all()


def test_spirals_of_chirality_are_flows_of_their_matrix():
    train = chirality(train=2, test=1, points=7).train
    times, values = train.series.times, train.series.values
    assert np.isclose(times[0, -1], 4 * np.pi)
    for row, mirror in ((0, jnp.eye(2)), (1, jnp.diag(jnp.array([-1.0, 1.0])))):
        for t, y in zip(times[row], values[row], strict=True):
            np.testing.assert_allclose(y, mirror @ expm(t * jnp.array(TURNING)) @ mirror @ values[row, 0], atol=1e-12)
    assert np.isclose(np.linalg.norm(values[0, 0]), 1)


def test_decaying_oscillator_at_increasing_times():
    train = decaying_oscillator(train=50, test=1).train
    times, values = train.series.times, train.series.values
    assert (np.diff(times, axis=1) > 0).all() and times.min() > 0 and times.max() < 3.001
    start = np.linalg.solve(expm(times[3, 0] * jnp.array(DECAYING)), values[3, 0])
    np.testing.assert_allclose(expm(times[3, -1] * jnp.array(DECAYING)) @ start, values[3, -1], atol=1e-10)
    np.testing.assert_array_equal(train.target.values, values)


def test_spirals_have_the_radii_of_their_branch_and_the_noise_asked_for():
    dataset = spirals(train=40, test=2, observed=30)
    series, truth = dataset.train.series, dataset.train.target.values
    seen = ~np.isnan(series.values[..., 0])
    np.testing.assert_array_equal(seen.sum(1), 30)
    assert abs(np.nanstd(series.values - truth) - 0.3) < 0.03
    radius = np.linalg.norm(truth - np.array([5.0, 0.0]), axis=-1)[0::2]  # anticlockwise: r = 0.3 theta
    np.testing.assert_allclose(np.diff(radius, axis=1), 0.3 * 6 * np.pi / 499, rtol=1e-6)


def test_ramped_process_has_the_moments_of_its_equation():
    n = 4000
    values = ramped_ornstein_uhlenbeck(train=n, test=1).train.target.values[..., 0]
    process = RampedOrnsteinUhlenbeck()
    for i in (5, 30, 63):
        mean, variance = (float(m[0]) for m in process.moments(float(i), jnp.zeros(1)))
        variance += np.exp(-2 * process.rate * i) / 3  # of the uniform initial value
        assert abs(values[:, i].mean() - mean) < 4 * np.sqrt(variance / n)
        assert abs(values[:, i].var() / variance - 1) < 4 * np.sqrt(2 / n)
    # Its covariance of two times is what the linear equation says: e^(-rate (t - s)) var(s).
    s, t = values[:, 40], values[:, 50]
    expected = np.exp(-process.rate * 10) * s.var()
    assert abs(np.cov(s, t)[0, 1] / expected - 1) < 0.15


def test_rates_of_forgetting_show_in_the_correlation_and_nowhere_else():
    dataset = ornstein_uhlenbeck_rates(train=3 * 400, test=3, rates=(0.5, 2.0, 8.0))
    values, times = dataset.train.series.values, dataset.train.series.times[0]
    for label, rate in enumerate((0.5, 2.0, 8.0)):
        own = values[dataset.train.target == label]
        assert abs(own.var() - 1) < 0.15
        correlation = (own[:, 4:] * own[:, :-4]).mean()
        assert abs(correlation - np.exp(-rate * times[4])) < 0.1


def test_switches_come_at_their_rate():
    dataset = switching_sinusoids(train=600, test=2, noise=0.0)
    angle = np.arctan2(dataset.train.series.values[..., 0], dataset.train.series.values[..., 1])
    speed = (np.diff(angle, axis=1) % (2 * np.pi)) / (2 * np.pi) / (5 / 59)
    fast = speed > 1.0
    np.testing.assert_allclose(np.where(fast, 1.5, 0.5), speed, atol=1e-6)
    for label, rate in enumerate((0.2, 1.5)):
        switches = (np.diff(fast[dataset.train.target == label], axis=1) != 0).mean()
        assert abs(switches - (1 - np.exp(-2 * rate * 5 / 59)) / 2) < 0.01


def test_frequencies_of_oscillations():
    dataset = damped_oscillators(train=90, test=3, points=240, noise=0.0)
    values, h = dataset.train.series.values, 5 / 239
    slope = np.gradient(values[..., 0], h, axis=1)[:, 1:-1]
    frequency = np.sqrt((slope**2).mean(1) / (values[:, 1:-1, 1] ** 2).mean(1)) / (2 * np.pi)
    for label, wanted in enumerate((0.8, 1.0, 1.2)):
        assert abs(frequency[dataset.train.target == label].mean() / wanted - 1) < 0.06


def test_stochastic_lorenz_is_normalised_and_noisy():
    dataset = stochastic_lorenz(train=64, test=8, points=400)
    truth = dataset.train.target.values
    np.testing.assert_allclose(truth.mean((0, 1)), 0, atol=1e-10)
    np.testing.assert_allclose(truth.std((0, 1)), 1, rtol=1e-10)
    assert abs((dataset.train.series.values - truth).std() - 0.01) < 1e-3
    raw = truth * np.array(dataset.provenance["deviation"]) + np.array(dataset.provenance["mean"])
    # Over the first interval the mean of x follows its drift 10 (y - x).
    h = 2 / 399
    drift = 10 * (raw[:, 0, 1] - raw[:, 0, 0])
    slope = np.polyfit(drift, (raw[:, 1, 0] - raw[:, 0, 0]) / h, 1)[0]
    assert abs(slope - 1) < 0.15
