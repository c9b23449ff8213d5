"""The latent ODE: its bound, its draws, and the published example."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data.series import decaying_oscillator
from neuralpde.dynamics import LatentODE, Method
from neuralpde.spaces import IrregularSeries
from neuralpde.training import Interpolation, SeriesTask, adam, fit

STEPS = Method(diffrax.Heun(), substeps=1, statistics=False)


@pytest.fixture
def model(key) -> LatentODE:
    return LatentODE(2, latent=3, hidden=4, width=5, noise=0.5, method=STEPS, key=key)


@pytest.fixture
def series() -> IrregularSeries:
    times = np.sort(np.random.default_rng(0).uniform(0, 2, 6))
    values = np.random.default_rng(1).normal(size=(6, 2))
    values[[1, 3], [0, 1]] = np.nan
    return IrregularSeries(times, values)


def test_divergence_is_that_of_drawn_logarithms(model, series):
    mean, deviation = jax.jit(lambda s: model.posterior(s))(series)
    draws = mean + deviation * jax.random.normal(jax.random.key(1), (200_000, 3))
    normal = lambda x, m, s: -0.5 * ((x - m) / s) ** 2 - jnp.log(s)
    estimate = jnp.mean(jnp.sum(normal(draws, mean, deviation) - normal(draws, 0.0, 1.0), axis=1))
    evidence = jax.jit(lambda s, k: model.evidence(s, s, k))(series, jax.random.key(0))
    assert abs(evidence.divergence / estimate - 1) < 0.02


def test_misfit_counts_known_values_in_units_of_the_noise(model, series):
    key = jax.random.key(2)
    evidence = jax.jit(lambda s: model.evidence(s, s, key))(series)
    answer = jax.jit(lambda s: model(s, key=key))(series)
    known = np.asarray(series.mask)
    expected = 0.5 * np.sum((np.asarray(answer) - np.asarray(series.values))[known] ** 2) / 0.5**2
    np.testing.assert_allclose(evidence.misfit, expected, rtol=1e-10)


@pytest.mark.slow
def test_answer_at_other_times_is_the_same_trajectory(model, series):
    fine = jnp.sort(jnp.concatenate([series.times, series.times[:-1] + 0.3 * jnp.diff(series.times)]))
    precise = eqx.tree_at(lambda m: m.method, model, Method(rtol=1e-8, atol=1e-10, statistics=False))
    some, more = (jax.jit(lambda t: precise(series, times=t))(t) for t in (series.times, fine))
    np.testing.assert_allclose(more[jnp.searchsorted(fine, series.times)], some, atol=1e-6)


@pytest.mark.slow
def test_gradient_of_the_bound_is_that_of_differences(model, series):
    parameters, static = eqx.partition(model, eqx.is_inexact_array)

    def bound(p):
        return sum(eqx.combine(p, static).evidence(series, series, jax.random.key(0)))

    direction = jax.tree.map(lambda x: jax.random.normal(jax.random.key(3), x.shape), parameters)
    value, gradient = jax.jit(bound), jax.jit(jax.grad(bound))(parameters)
    slope = sum(jnp.vdot(g, d) for g, d in zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True))
    moved = [value(jax.tree.map(lambda p, d, e=e: p + e * d, parameters, direction)) for e in (1e-5, -1e-5)]
    assert abs((moved[0] - moved[1]) / 2e-5 / slope - 1) < 1e-6


@pytest.mark.slow
def test_decaying_oscillator_reaches_the_loss_of_the_example():
    """diffrax reports losses of about 3.9 to 4.1 after 250 steps."""
    dataset = decaying_oscillator(train=10_000, test=1024)
    task = SeriesTask(dataset, Interpolation(), batch_size=256)
    model = LatentODE(2, method=Method(dt=0.4, statistics=False), key=jax.random.key(0))
    optimizer = adam(steps=250, learning_rate=1e-2, schedule="constant")
    fitted = fit(model, task, optimizer, steps=250, key=jax.random.key(1), evaluate_every=250)
    assert task.evaluate(fitted.model)["test/bound"] < 4.5
