"""Stochastic equations: Monte Carlo against closed forms, within four standard errors, and strong orders."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order
from equations.particle_convergence import strong_errors

from neuralpde.equations import (
    DoubleWell,
    GeometricBrownianMotion,
    Lorenz63,
    OrnsteinUhlenbeck,
    RampedOrnsteinUhlenbeck,
    StochasticLorenz,
)
from neuralpde.solvers import brownian_path, solve_sde

PATHS = 1000
PROCESSES = [
    OrnsteinUhlenbeck(1.3, 0.4, 0.6),
    RampedOrnsteinUhlenbeck(0.5, 0.8, 0.7),
    GeometricBrownianMotion(0.3, 0.4),
]


def name(equation):
    return type(equation).__name__


def ensemble(equation, initial, end, step, seed=0):
    """States of many paths at time ``end``, each from its row of ``initial``."""

    def one(key, y):
        path = brownian_path(key, len(equation.names), [0.0, end], step / 4)
        return solve_sde(equation, y, [0.0, end], path, step=step)[-1]

    return jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(seed), len(initial)), initial)


@pytest.mark.parametrize(
    "equation", [PROCESSES[0], pytest.param(PROCESSES[1], marks=pytest.mark.slow), PROCESSES[2]], ids=name
)
def test_moments_agree_with_those_of_paths(equation):
    # Sixty steps: their bias is under a fifth of the four standard errors below.
    y = equation.initial_state()
    paths = ensemble(equation, jnp.tile(y, (PATHS, 1)), 1.5, 0.025)[:, 0]
    mean, variance = (float(moment[0]) for moment in equation.moments(1.5, y))
    assert abs(paths.mean() - mean) < 4 * (variance / PATHS) ** 0.5
    fourth = float(((paths - mean) ** 4).mean())
    assert abs(((paths - mean) ** 2).mean() - variance) < 4 * ((fourth - variance**2) / PATHS) ** 0.5


@pytest.mark.parametrize("equation", PROCESSES, ids=name)
def test_density_has_mass_one_and_the_moments(equation):
    y, t = equation.initial_state() + 0.1, 0.7
    mean, variance = equation.moments(t, y)
    # The trapezium rule is exact to round-off for smooth functions that vanish at both ends.
    z = jnp.linspace(
        max(1e-9, float(mean[0] - 12 * variance[0] ** 0.5)) if "Geo" in name(equation) else -6.0, 9.0, 4001
    )
    p = jnp.exp(jax.vmap(lambda z: equation.log_density(z[None], t, y))(z))
    mass, first = jnp.trapezoid(p, z), jnp.trapezoid(z * p, z)
    np.testing.assert_allclose([mass, first], [1.0, mean[0]], rtol=1e-7)
    np.testing.assert_allclose(jnp.trapezoid((z - first) ** 2 * p, z), variance[0], rtol=1e-6)


@pytest.mark.parametrize("equation", PROCESSES[:1] + PROCESSES[2:], ids=name)
def test_density_solves_the_equation_of_kolmogorov(equation):
    """dp/dt = f(y) dp/dy + g(y)^2 / 2 d2p/dy2 in the initial state y (Oksendal, theorem 8.1.1)."""
    p = lambda t, y: jnp.exp(equation.log_density(jnp.array([1.3]), t, y[None]))
    t, y = 0.8, jnp.array(0.9)
    slope, bend = jax.grad(p, 1)(t, y), jax.grad(jax.grad(p, 1), 1)(t, y)
    generated = equation.drift(t, y[None])[0] * slope + equation.diffusion(t, y[None])[0] ** 2 / 2 * bend
    np.testing.assert_allclose(jax.grad(p)(t, y), generated, rtol=1e-12)


def test_stationary_density_of_the_wells_carries_no_flux():
    equation = DoubleWell(0.4, 1.2, 0.7)
    y = jnp.array([0.6])
    slope = jax.grad(equation.stationary_log_density)(y)
    np.testing.assert_allclose(equation.drift(0.0, y), equation.diffusion(0.0, y) ** 2 / 2 * slope, rtol=1e-12)
    np.testing.assert_allclose(equation.drift(0.0, y), -jax.grad(lambda y: equation.potential(y)[0])(y), rtol=1e-12)


@pytest.mark.slow
def test_wells_keep_their_stationary_distribution():
    equation = DoubleWell(0.25, 1.0, 0.8)
    z = jnp.linspace(-4.0, 4.0, 2001)
    p = jnp.exp(jax.vmap(lambda z: equation.stationary_log_density(z[None]))(z))
    start = jax.random.choice(jax.random.key(1), z, (PATHS, 1), p=p / p.sum())
    moment = lambda power: float(jnp.sum(z**power * p) / jnp.sum(p))
    end = ensemble(equation, start, 1.0, 0.02)[:, 0]
    error = ((moment(4) - moment(2) ** 2) / PATHS) ** 0.5
    assert abs((end**2).mean() - moment(2)) < 4 * error
    assert abs(end.mean()) < 4 * (moment(2) / PATHS) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    "solver, order",
    [(diffrax.Euler(), 0.5), pytest.param(diffrax.ItoMilstein(), 1.0, marks=pytest.mark.slow)],
    ids=["Euler", "Milstein"],
)
def test_strong_orders(solver, order):
    # The mean of 500 distances is known to some percent, a tenth of an order over a factor of four.
    assert observed_order(strong_errors(solver), 4.0) == pytest.approx(order, abs=0.15)


def test_stochastic_lorenz_is_lorenz_with_noise_in_proportion():
    equation, y = StochasticLorenz(), jnp.array([1.0, -2.0, 3.0])
    np.testing.assert_array_equal(equation.drift(0.0, y), Lorenz63().vector_field(0.0, y))
    np.testing.assert_allclose(equation.diffusion(0.0, y), [0.1, -0.56, 0.9])


@pytest.mark.slow
def test_one_key_gives_one_path_for_all_steps():
    equation, y = OrnsteinUhlenbeck(), jnp.ones(1)
    path = brownian_path(jax.random.key(3), 1, [0.0, 1.0], 1e-3)
    solve = lambda step: solve_sde(equation, y, [0.0, 0.5, 1.0], path, step=step)
    coarse, fine = jax.jit(lambda: (solve(0.02), solve(0.01)))()
    assert coarse.shape == (3, 1)
    assert 0 < jnp.abs(coarse - fine).max() < 0.01 < jnp.abs(fine[-1] - fine[0]).max()


def test_what_is_not_known_is_said():
    with pytest.raises(NotImplementedError, match="DoubleWell has not got moments in closed form"):
        DoubleWell().moments(1.0, jnp.ones(1))
