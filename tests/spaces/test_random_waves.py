"""Random sums of waves: the functions that are promised, the same at every resolution."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.spaces import Box, FunctionSpace, Points, RandomSeries, RandomWaves

RING = FunctionSpace(Box.of("x", x=(-1.0, 2.0)))
TORUS = FunctionSpace(Box.cube(2, 0.0, 3.0, periodic=True), ("u", "v"))
PRIORS = [
    RandomWaves(RING),
    RandomWaves(TORUS, waves=3, wavenumbers=(1, 3), change=0.5),
    RandomWaves(RING, between=(0.0, 1.0)),
    RandomSeries(RING),
    RandomSeries(TORUS, modes=3, peak=2.0),
]


@eqx.filter_jit
def sample(prior, key, on):
    return prior.sample(key, on)


def draws(prior, n, count=200):
    keys = jax.random.split(jax.random.key(0), count)
    grid = prior.space.domain.grid(n)
    return np.asarray(jax.jit(jax.vmap(lambda key: prior.sample(key, grid).values))(keys))


@pytest.mark.parametrize("prior", PRIORS, ids=range(len(PRIORS)))
def test_one_key_gives_one_function(prior):
    key, box = jax.random.key(3), prior.space.domain
    fine, coarse = (sample(prior, key, box.grid(n)) for n in (32, 16))
    strides = tuple(slice(None, None, 2) for _ in range(box.dim))
    np.testing.assert_allclose(fine.values[strides], coarse.values, atol=1e-12)
    points = Points(coarse.on.coords().reshape(-1, box.dim)[:7], box)
    np.testing.assert_allclose(
        sample(prior, key, points).values, coarse.values.reshape(-1, prior.space.channels)[:7], atol=1e-12
    )


def test_waves_have_the_wavenumbers_asked_for():
    power = np.abs(np.fft.rfft(draws(RandomWaves(RING, wavenumbers=(2, 5), change=0.0), 32)[..., 0])).mean(0)
    assert power[2:6].min() > 1e-2 * power.max()
    assert np.delete(power, range(2, 6)).max() < 1e-10


def test_amplitudes_of_waves_are_uniform():
    u = draws(RandomWaves(RING, waves=1, change=0.0), 64, 2000)[..., 0]
    amplitude = np.sqrt(2 * (u**2).mean(1))
    assert amplitude.max() <= 1 + 1e-10
    np.testing.assert_allclose(np.quantile(amplitude, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.04)


def test_changes_come_as_often_as_asked():
    u = draws(RandomWaves(RING, change=0.4), 256, 1000)[..., 0]
    one_sign = (u.min(1) > -1e-3) | (u.max(1) < 1e-3)
    windowed = np.abs(u[:, :20]).max(1) < 1e-3
    assert one_sign.mean() == pytest.approx(0.4, abs=0.05)
    assert windowed.mean() == pytest.approx(0.4, abs=0.05)
    unchanged = u[~one_sign & ~windowed]
    assert abs(unchanged.mean()) < 0.02


def test_values_may_be_scaled_between_two_numbers():
    u = draws(RandomWaves(RING, between=(0.0, 1.0)), 256)
    np.testing.assert_allclose([u.min((1, 2)), u.max((1, 2))], [[0.0] * len(u), [1.0] * len(u)], atol=6e-3)


def test_series_have_mean_zero_and_their_peak():
    u = draws(RandomSeries(RING, modes=5, peak=2.0), 320)
    np.testing.assert_allclose(u.mean((1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(np.abs(u).max((1, 2)), 2, rtol=6e-3)
    assert np.abs(np.fft.rfft(u[..., 0]))[:, 6:].max() < 1e-9


@pytest.mark.parametrize("prior", [RandomWaves, RandomSeries])
def test_walls_are_refused(prior):
    with pytest.raises(ValueError, match="make them periodic"):
        prior(FunctionSpace(Box.cube(1)))


@pytest.mark.slow
def test_components_are_independent():
    u = draws(RandomSeries(TORUS), 16)
    correlation = (u[..., 0] * u[..., 1]).mean() / (u**2).mean()
    assert abs(correlation) < 0.1
    assert jnp.isfinite(u).all()
