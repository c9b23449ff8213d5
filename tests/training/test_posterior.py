"""Uncertainty of inferred numbers: against posteriors in closed form, and against repeated draws of the noise."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from jax.flatten_util import ravel_pytree

from neuralpde.equations.derivatives import partial
from neuralpde.pinn import Candidate, Observations, Positive, Problem
from neuralpde.spaces import AbstractFunction, Box, FunctionSpace
from neuralpde.training import (
    ResidualTask,
    TrainingArgumentError,
    fit_members,
    laplace,
    levenberg_marquardt,
    spread,
)

LINE = Box.of(t=(0.0, 1.0))


class Polynomial(AbstractFunction):
    """``start + sum_j c_j t^j``, j from one on: a small linear model in the place of a network."""

    coefficients: jax.Array
    start: float = eqx.field(static=True, default=0.0)

    @property
    def space(self):
        return FunctionSpace(LINE)

    def __call__(self, t):
        return jnp.stack([self.start + sum(c * t[0] ** (j + 1) for j, c in enumerate(self.coefficients))])


def powers(t, degree):
    return np.stack([t**j for j in range(1, degree + 1)], axis=1)


def slopes(t, degree):
    return np.stack([j * t ** (j - 1) for j in range(1, degree + 1)], axis=1)


def heated(data_weight=1.0, noise=0.05, n=25, degree=5, seed=0):
    """u' = s 2 t with u(0) = 0, of which n noisy values are known: linear in u and s."""
    times = np.linspace(0.1, 1.0, n)
    values = 1.5 * times**2 + noise * np.random.default_rng(seed).normal(size=n)
    law = lambda u, t, s: partial(u, 0)(t) - s * 2 * t
    observed = Observations(times[:, None], values, weight=data_weight)
    problem = Problem(LINE, law, [observed], unknowns={"s": 1.0})
    return problem, times, values, Candidate(Polynomial(jnp.zeros(degree)), problem.unknowns)


def test_posterior_of_a_linear_problem_is_its_closed_form(key):
    """The rows of the least-squares problem are written down here, their posterior is solved for by numpy."""
    degree = 5
    problem, times, values, _ = heated(data_weight=3.0)
    task = ResidualTask(problem, points=40)
    batch = task.batch_elsewhere(key)
    x = np.asarray(batch.points["equation"].x)[:, 0]
    equation = np.hstack([slopes(x, degree), -2 * x[:, None]]) * np.sqrt(1 / 40)
    data = np.hstack([powers(times, degree), np.zeros((25, 1))]) * np.sqrt(3 / 25)
    wanted = np.concatenate([np.zeros(40), np.sqrt(3 / 25) * values])
    rows = np.concatenate([equation, data])
    theta = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    inverse = np.linalg.inv(rows.T @ rows)
    freedom = 25 - np.trace(data @ inverse @ data.T)
    unit = np.sqrt(np.sum((data @ theta - wanted[40:]) ** 2) / freedom)
    covariance = unit**2 * inverse

    fitted = Candidate(Polynomial(jnp.asarray(theta[:degree])), {"s": float(theta[degree])})
    posterior = laplace(task, fitted, key)
    found = posterior.estimates(level=0.9)["s"]
    assert found.value == pytest.approx(theta[-1], rel=1e-12)
    assert found.deviation == pytest.approx(np.sqrt(covariance[-1, -1]), rel=1e-8)
    # The block of s alone is the inverse of Schur's complement of that of the coefficients.
    gram = rows.T @ rows
    schur = gram[-1, -1] - gram[-1, :-1] @ np.linalg.solve(gram[:-1, :-1], gram[:-1, -1])
    assert found.deviation == pytest.approx(unit / np.sqrt(schur), rel=1e-8)
    reach = scipy.stats.t.ppf(0.95, freedom) * found.deviation
    np.testing.assert_allclose([found.lower, found.upper], [theta[-1] - reach, theta[-1] + reach], rtol=1e-8)
    assert float(posterior.noise["data"]) == pytest.approx(unit * np.sqrt(25 / 3), rel=1e-8)
    # A band around the solution, with the covariance of its values.
    at = np.asarray([0.2, 0.9])
    band = posterior.covariance(lambda model: jnp.stack([model.u(jnp.asarray([t]))[0] for t in at]))
    basis = powers(at, degree)
    np.testing.assert_allclose(band, basis @ covariance[:-1, :-1] @ basis.T, rtol=1e-7)


def test_where_the_equation_is_exact_the_posterior_is_that_of_the_number_alone(key):
    """u = s t^2: a regression on one column, whose posterior the textbooks have."""
    problem, times, values, _ = heated()
    task = ResidualTask(problem, points=64, weights={"equation": 1e8})
    column = times**2
    s = column @ values / (column @ column)
    noise = np.sqrt(np.sum((values - s * column) ** 2) / (len(times) - 1))
    fitted = Candidate(Polynomial(jnp.asarray([0.0, s, 0.0, 0.0, 0.0])), {"s": s})
    posterior = laplace(task, fitted, key)
    assert float(posterior.freedom) == pytest.approx(len(times) - 1, rel=1e-6)
    assert float(posterior.noise["data"]) == pytest.approx(noise, rel=1e-6)
    found = posterior.estimates()["s"]
    assert found.deviation == pytest.approx(noise / np.sqrt(column @ column), rel=1e-6)


def gauss_newton(task, candidate, batch, key, steps=12):
    flat, restore = ravel_pytree(candidate)
    r = lambda x: task.residuals(restore(x), batch, key)
    step = lambda x, _: (x - jnp.linalg.lstsq(jax.jacfwd(r)(x), r(x))[0], None)
    return restore(jax.lax.scan(step, flat, None, length=steps)[0])


def test_intervals_cover_the_truth_as_often_as_they_say(key):
    """u' = -k u, u(0) = 1, k = 2: fitted to 400 draws of the noise at once."""
    times = np.linspace(0.05, 1.0, 20)
    law = lambda u, t, k: partial(u, 0)(t) + k * u(t)
    clean = jnp.exp(-2 * times)[:, None]
    problem = Problem(LINE, law, [Observations(times[:, None], clean)], unknowns={"k": Positive(1.5)})
    task = ResidualTask(problem, points=32, weights={"equation": 1e3}, resample_every=None)
    batch, first = (
        task.batch_elsewhere(key),
        Candidate(Polynomial(jnp.asarray([-1.0, *[0.0] * 6]), 1.0), problem.unknowns),
    )

    @jax.jit
    @jax.vmap
    def inferred(key):
        values = clean + 0.03 * jax.random.normal(key, clean.shape)
        drawn = eqx.tree_at(lambda b: b.points["data"].values, batch, values)
        fitted = gauss_newton(task, first, drawn, key)
        posterior = laplace(task, fitted, key, batch=drawn)
        logarithm = lambda model: jnp.log(model.unknowns["k"].value)
        return logarithm(fitted), posterior.deviation(logarithm)[0], posterior.noise["data"]

    found, deviation, noise = (np.asarray(v) for v in inferred(jax.random.split(key, 400)))
    score = (found - np.log(2)) / deviation
    reach = scipy.stats.t.ppf([0.84, 0.975], 19)
    covered = [np.mean(np.abs(score) < r) for r in reach]
    # Four standard deviations of the share of 400 draws.
    assert abs(covered[0] - 0.68) < 0.093 and abs(covered[1] - 0.95) < 0.044
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(0.03, rel=0.05)
    assert 0.85 < np.std(score) < 1.2


@pytest.mark.slow
def test_members_on_weighted_observations_spread_as_the_posterior_does(key):
    problem, times, values, _ = heated(noise=0.1, n=40)
    task = ResidualTask(problem, points=32, weights={"equation": 1e4}, resample_every=None)

    def make(key):
        return Candidate(Polynomial(jax.random.normal(key, (5,))), problem.unknowns)

    settings = {"members": 40, "steps": 12, "key": key}
    members = fit_members(make, task, levenberg_marquardt(12), **settings)
    assert members.u.coefficients.shape == (40, 5)
    found = spread(members)["s"]
    column = times**2
    s = column @ values / (column @ column)
    told = np.sqrt(np.sum((values - s * column) ** 2) / 39 / (column @ column))
    assert abs(found.value - s) < 4 * told / np.sqrt(40)
    # A standard deviation from 40 draws is known to 11 per cent.
    assert 0.6 < found.deviation / told < 1.4
    assert found.lower < 1.5 < found.upper
    alike = spread(fit_members(make, task, levenberg_marquardt(12), **settings, bootstrap=False))["s"]
    assert alike.deviation < 1e-3 * told and alike.value == pytest.approx(s, rel=1e-4)


def test_positive_numbers_have_intervals_of_factors(key):
    times = np.linspace(0.1, 1.0, 5)
    law = lambda u, t, k: partial(u, 0)(t) - k
    values = 0.01 * times + 0.02 * np.asarray([1, -1, 0, 1, -1])
    problem = Problem(LINE, law, [Observations(times[:, None], values)], unknowns={"k": Positive(0.01)})
    task = ResidualTask(problem, points=16, weights={"equation": 1e6})
    posterior = laplace(task, Candidate(Polynomial(jnp.asarray([0.01])), problem.unknowns), key)
    found = posterior.estimates()["k"]
    assert 0 < found.lower < 0.01 < found.upper
    assert found.upper / 0.01 == pytest.approx(0.01 / found.lower, rel=1e-9)


def test_what_has_no_posterior_is_refused(key):
    law = lambda u, t, k: partial(u, 0)(t) - k
    problem = Problem(LINE, law, [], unknowns={"k": 1.0})
    task, candidate = ResidualTask(problem, 4), Candidate(Polynomial(jnp.ones(2)), problem.unknowns)
    with pytest.raises(TrainingArgumentError, match="no condition Observations"):
        laplace(task, candidate, key)
    with pytest.raises(TrainingArgumentError, match="at least two members"):
        fit_members(lambda key: candidate, task, levenberg_marquardt(1), members=1, steps=1, key=key)
    problem, *_, candidate = heated()
    with pytest.raises(ValueError, match="probability between 0 and 1"):
        laplace(ResidualTask(problem, 16), candidate, key).estimates(level=95.0)
