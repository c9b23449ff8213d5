"""Langevin dynamics against their laws, LangevinFlow against what its parts promise, and trained against smoothing."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.ndimage

from neuralpde.data.series import lorenz_spikes
from neuralpde.dynamics import CoupledOscillators, LangevinFlow, Method, langevin_sde, langevin_step, solve_sde
from neuralpde.spaces import IrregularSeries
from neuralpde.training import Interpolation, SeriesTask, adamw, fit


def counts(key, time=6, neurons=5):
    return IrregularSeries(0.02 * jnp.arange(time), jax.random.poisson(key, 0.7, (time, neurons)).astype(float))


def test_velocity_of_a_free_particle_has_its_stationary_variance(key):
    """2 / (2 - friction) of the published step, and of z along with it what the step's linear map gives."""
    friction, step = 0.55, 0.01
    kicks = jnp.sqrt(2 * friction) * jax.random.normal(key, (400, 2000))
    free = lambda z: 0.0 * jnp.sum(z)
    start = (jnp.zeros(2000), jnp.zeros(2000))
    move = lambda s, kick: (langevin_step(free, *s, kick, step, friction),) * 2
    z, v = jax.jit(lambda: jax.lax.scan(move, start, kicks)[1])()
    np.testing.assert_allclose(jnp.mean(v[100:] ** 2), 2 / (2 - friction), rtol=5e-3)
    matrix, noise = np.array([[1, step], [0, 1 - friction]]), np.diag([0.0, 2 * friction])
    covariance = np.zeros((2, 2))
    for _ in range(400):
        covariance = matrix @ covariance @ matrix.T + noise
    np.testing.assert_allclose(jnp.mean(z[-1] ** 2), covariance[0, 0], rtol=0.15)


def test_step_without_noise_and_friction_is_symplectic(key):
    potential = eqx.tree_at(lambda u: u.kernel, CoupledOscillators(6, 2), jax.random.normal(key, (2, 2, 3)))
    whole = lambda y: jnp.concatenate(langevin_step(potential, y[:6], y[6:], jnp.zeros(6), 0.3, 0.0))
    slope = jax.jit(jax.jacfwd(whole))(jax.random.normal(key, (12,)))
    turn = np.block([[np.zeros((6, 6)), np.eye(6)], [-np.eye(6), np.zeros((6, 6))]])
    np.testing.assert_allclose(slope.T @ turn @ slope, turn, atol=1e-12)


def test_coupled_oscillators_are_a_bounded_form_of_neighbours(key):
    potential = eqx.tree_at(lambda u: u.kernel, CoupledOscillators(8, 2), 5 * jax.random.normal(key, (2, 2, 3)))
    form = jax.jit(jax.hessian(lambda z: potential(z)))(jnp.zeros(8)).reshape(2, 4, 2, 4)
    apart = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    by_sites = np.abs(np.moveaxis(form, 1, 2))
    assert by_sites[..., apart > 1].max() == 0 < by_sites[..., apart <= 1].min()
    z = jax.random.normal(key, (8,))
    np.testing.assert_allclose(potential(z), z @ form.reshape(8, 8) @ z / 2, rtol=1e-10)
    assert np.abs(np.linalg.eigvalsh(form.reshape(8, 8))).max() <= 2 * 3**0.5  # |U| <= 3^(1/2) |z|^2
    assert float(CoupledOscillators(8)(z)) == 0
    with pytest.raises(ValueError, match="do not divide"):
        CoupledOscillators(6, 4)


def test_oscillator_in_continuous_time_has_the_moments_of_its_linear_equation(key):
    """A spring with friction and noise from (1, 0): mean and covariance at a time by the matrix exponential."""
    friction, stiffness, end, paths = 0.8, 2.0, 1.5, 4000
    drift, diffusion = langevin_sde(lambda z: 0.5 * stiffness * jnp.sum(z**2), friction)
    start, method = (jnp.ones(paths), jnp.zeros(paths)), Method(diffrax.Heun(), substeps=20, statistics=False)
    solved = jax.jit(lambda k: solve_sde(drift, diffusion, start, jnp.array([0.0, end]), method, key=k))(key)
    found = np.stack([np.asarray(part[-1]) for part in solved.states])
    A, Q = np.array([[0, 1], [-stiffness, -friction]]), np.diag([0, 2 * friction])
    # Van Loan: the covariance is the integral of e^(A s) Q e^(A' s).
    whole = scipy.linalg.expm(end * np.block([[-A, Q], [np.zeros((2, 2)), A.T]]))
    mean, covariance = scipy.linalg.expm(A * end) @ [1, 0], whole[2:, 2:].T @ whole[:2, 2:]
    np.testing.assert_allclose(found.mean(1), mean, atol=4 / paths**0.5)
    np.testing.assert_allclose(np.cov(found), covariance, atol=5 / paths**0.5)
    # From the stationary law it stays there: variances 1 / stiffness and 1.
    A_inverse_law = np.diag([1 / stiffness, 1.0])
    np.testing.assert_allclose(A @ A_inverse_law + A_inverse_law @ A.T + Q, 0, atol=1e-12)


@pytest.mark.parametrize("continuous", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_divergence_is_that_of_two_normal_laws(key, continuous):
    """Of the beginning alone while the counts give no kicks; of constant kicks in closed form, in both kinds of time."""
    friction, series = 0.4, counts(key)
    method = Method(diffrax.Heun(), substeps=2) if continuous else None
    model = LangevinFlow(5, hidden=4, friction=friction, method=method, key=key)
    first = lambda m: m.start(m.contexts(series.values)[0])
    divergence = eqx.filter_jit(lambda m: m.flow(series.times, m.contexts(series.values), key).divergence)
    mean_z, mean_v, log_z, log_v = jnp.split(eqx.filter_jit(first)(model), 4)
    mean, deviation = jnp.append(mean_z, mean_v), jnp.exp(jnp.append(log_z, log_v))
    begun = 0.5 * jnp.sum(mean**2 + deviation**2 - 1 - 2 * jnp.log(deviation))
    np.testing.assert_allclose(divergence(model), begun, rtol=1e-10)
    pushed = jnp.linspace(-1, 1, 4)
    kicked = eqx.tree_at(lambda m: m.kicks.bias, model, pushed if continuous else jnp.append(pushed, jnp.full(4, 0.3)))
    square = float(jnp.sum(pushed**2))
    if continuous:
        wanted = 0.1 * square / (4 * friction)
    else:  # deviations e^0.3 times the prior ones, five kicks of four components
        wanted = 5 * (square / (4 * friction) + 4 * (0.5 * (np.exp(0.6) - 1) - 0.3))
    np.testing.assert_allclose(divergence(kicked) - begun, wanted, rtol=1e-6)


def test_counts_that_are_asked_for_are_not_seen(key):
    model, series = LangevinFlow(5, hidden=4, drop=0.4, key=key), counts(key, 40)
    values = series.values.at[3, 2].set(jnp.nan)
    inputs, asked = model.hidden_counts(IrregularSeries(series.times, values), key)
    assert not asked[3, 2] and inputs[3, 2] == 0 and jnp.all(jnp.where(asked, inputs, 0) == 0)
    seen = ~asked & ~jnp.isnan(values)
    np.testing.assert_allclose(jnp.where(seen, inputs, 0), jnp.where(seen, values, 0) / 0.6)
    assert abs(float(asked.mean()) - 0.4) < 0.12
    evidence = eqx.filter_jit(lambda m, k: m.evidence(series, series, k).misfit)
    # Whatever is hidden, the misfit counts for all: for constant rates its mean is that of all counts.
    constant = eqx.tree_at(lambda m: (m.readout.weight, m.readout.bias), model, replace_fn=jnp.zeros_like)
    found = np.mean([evidence(constant, k) for k in jax.random.split(key, 30)])
    whole = float(jnp.sum(1 + jax.scipy.special.gammaln(series.values + 1)))
    assert found == pytest.approx(whole, rel=0.02)
    with pytest.raises(ValueError, match="a rate for each"):
        LangevinFlow(5, 3, key=key)


@pytest.mark.slow
def test_spikes_have_the_rates_that_were_promised():
    data = lorenz_spikes(train=600, test=3, conditions=3, neurons=4, points=20)
    counts, expected = data.train.series.values, data.train.target.values
    np.testing.assert_allclose(expected[:3].mean((0, 1)), 5 * 0.02)
    mean = counts[0::3].mean(0)
    assert (np.abs(mean - expected[0]) < 5 * np.sqrt(expected[0] / 200)).all()
    assert expected[0].std(0).min() > 0.01 and (counts[0] != counts[3]).any()
    np.testing.assert_allclose(expected[3], expected[0])


def explained(rates, truth):
    """R^2 over all trials, bins and neurons, about the mean of each neuron."""
    return 1 - ((rates - truth) ** 2).sum() / ((truth - truth.mean((0, 1))) ** 2).sum()


@pytest.mark.slow
def test_rates_of_trials_not_seen_are_nearer_than_by_smoothing():
    """R^2 above 0.65, where the best width of smoothing reaches 0.05: spikes are few, three in all neurons a bin."""
    data = lorenz_spikes(train=520, test=130)
    model = LangevinFlow(30, hidden=24, key=jax.random.key(0))
    task = SeriesTask(data, Interpolation(anneal=300), batch_size=32)
    optimizer = adamw(steps=400, learning_rate=5e-3, weight_decay=1e-5)
    trained = fit(model, task, optimizer, steps=400, key=jax.random.key(1), progress=False).model
    series, truth = data.test.series, np.asarray(data.test.target.values)
    rates = np.asarray(eqx.filter_jit(jax.vmap(lambda s: trained(s)))(series))
    smoothed = [scipy.ndimage.gaussian_filter1d(np.asarray(series.values), w, axis=1) for w in (1, 2, 4, 6, 8, 12)]
    best = max(explained(s, truth) for s in smoothed)
    assert explained(rates, truth) > 0.65 > 0.3 > best > 0.0
