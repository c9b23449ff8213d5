"""Stochastic solves: the scan against diffrax, orders, gradients, refusals."""

import diffrax
import jax
import jax.numpy as jnp
import lineax
import numpy as np
import pytest
from convergence import observed_order
from dynamics.sde_convergence import SCANNED, SLOW, strong_errors, weak_gbm_errors, weak_ou_errors

from neuralpde.dynamics import Method, brownian_tree, solve_sde, stratonovich_drift
from neuralpde.dynamics.sde_schemes import SCHEMES
from neuralpde.equations import GeometricBrownianMotion, RampedOrnsteinUhlenbeck

KEY = jax.random.key(3)
TIMES = [0.0, 0.5, 1.0]
NAMES = [n if n in ("Euler", "Heun") else pytest.param(n, marks=pytest.mark.slow) for n in SCANNED]


def drift(t, y, args):
    return jnp.stack([y[1], -jnp.sin(y[0]) - 0.1 * t])


def diagonal(t, y, args):
    return 0.3 * jnp.cos(y) + 0.1 * t


def matrix(t, y, args):
    return jnp.stack([0.2 * y, jnp.ones(2), jnp.sin(y)[::-1]], -1)


@pytest.mark.parametrize(
    "solver, noise",
    [
        (diffrax.Heun, matrix),
        (diffrax.ItoMilstein, diagonal),
        *(pytest.param(solver, noise, marks=pytest.mark.slow) for solver in SCHEMES for noise in (diagonal, matrix)),
    ],
)
def test_the_scan_makes_the_steps_of_diffrax(solver, noise):
    """Along the same path. Milstein's schemes are for commutative noise, which the matrix is not; they agree still."""
    y0 = jnp.asarray([0.5, -0.2])
    structure = jax.ShapeDtypeStruct((2,) if noise is diagonal else (3,), float)
    path = brownian_tree(solver(), structure, 0.0, 1.0, 1e-3, KEY)
    found = solve_sde(drift, noise, y0, TIMES, Method(solver(), substeps=3), key=KEY, path=path)
    operator = lineax.DiagonalLinearOperator if noise is diagonal else lineax.MatrixLinearOperator
    terms = diffrax.MultiTerm(
        diffrax.ODETerm(drift), diffrax.ControlTerm(lambda t, y, args: operator(noise(t, y, args)), path)
    )
    expected = diffrax.diffeqsolve(
        terms,
        solver(),
        0.0,
        1.0,
        None,
        y0,
        saveat=diffrax.SaveAt(ts=jnp.asarray(TIMES)),
        stepsize_controller=diffrax.StepTo(jnp.linspace(0.0, 1.0, 7)),
    )
    np.testing.assert_allclose(found.states, expected.ys, rtol=1e-10)
    assert int(found.cost.accepted) == 6


def test_states_and_noise_may_be_trees():
    """Each part of a tree is the solution of its own equation; its increments come with the key."""
    y0 = {"a": jnp.ones(2), "b": jnp.ones((3, 2))}
    rate = lambda t, y, args: jax.tree.map(lambda x: -x, y)
    noise = lambda t, y, args: jax.tree.map(lambda x: 0.3 * x, y)
    solved = solve_sde(rate, noise, y0, TIMES, Method(diffrax.ItoMilstein(), dt=0.1), key=KEY)
    assert solved.states["b"].shape == (3, 3, 2) and int(solved.cost.evaluations) == 10
    quiet = solve_sde(
        rate, lambda t, y, args: jax.tree.map(jnp.zeros_like, y), y0, TIMES, Method(diffrax.Heun(), dt=0.1), key=KEY
    )
    np.testing.assert_allclose(quiet.last["a"], jnp.exp(-1.0), atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_strong_orders(name):
    for problem, expected in SCANNED[name].strong.items():
        assert observed_order(strong_errors(name, problem), 4.0) == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize("name", NAMES)
def test_weak_orders(name):
    assert observed_order(weak_gbm_errors(name)) == pytest.approx(SCANNED[name].weak["GBM"], abs=0.15)
    assert observed_order(weak_ou_errors(name)) == pytest.approx(SCANNED[name].weak["OU"], abs=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_strong_orders_with_levy_areas(name):
    for problem, expected in SLOW[name].strong.items():
        assert observed_order(strong_errors(name, problem), 4.0) == pytest.approx(expected, abs=0.2)


def test_drawn_increments_have_the_moments_of_the_process():
    """Exact up to steps and sampling: 2000 paths of a process whose noise grows in time."""
    process, times = RampedOrnsteinUhlenbeck(), [0.0, 4.0]
    path = lambda key: solve_sde(
        process.drift, process.diffusion, jnp.ones(1), times, Method(diffrax.Heun(), dt=0.1), key=key
    ).last[0]
    ends = jax.jit(jax.vmap(path))(jax.random.split(KEY, 2000))
    mean, variance = process.moments(4.0, jnp.ones(1))
    assert abs(float(ends.mean() - mean[0])) < 4 * float(jnp.sqrt(variance[0] / 2000))
    np.testing.assert_allclose(ends.var(), variance[0], rtol=0.13)


@pytest.mark.slow
@pytest.mark.parametrize("solver", [diffrax.Heun(), diffrax.SPaRK()])
def test_adaptive_paths_come_to_the_exact_end(solver):
    process, y0 = GeometricBrownianMotion(), jnp.ones(1)
    inner = stratonovich_drift(process.drift, process.diffusion, elementwise=True)
    path = brownian_tree(solver, jax.ShapeDtypeStruct((1,), float), 0.0, 1.0, 1e-4, KEY)
    method = Method(solver, rtol=1e-3, atol=1e-3, dt=0.01)
    solved = solve_sde(inner, process.diffusion, y0, [0.0, 1.0], method, key=KEY, path=path)
    w = path.evaluate(0.0, 1.0)
    np.testing.assert_allclose(solved.last, process.path(1.0, w, y0), rtol=1e-2)
    assert float(solved.cost.error) > 0 and int(solved.cost.errors.count) == int(solved.cost.accepted)


def test_drift_of_the_other_integral():
    """g = 0.3 cos(y) + 0.1 t: the correction is g g' / 2, entry by entry; for a matrix the sum over its columns."""
    y, t = jnp.asarray([0.4, -0.7]), 0.5
    g, slope = diagonal(t, y, None), -0.3 * jnp.sin(y)
    for elementwise in (True, False):
        found = stratonovich_drift(drift, diagonal, elementwise=elementwise)(t, y, None)
        np.testing.assert_allclose(found, drift(t, y, None) - 0.5 * g * slope, rtol=1e-12)
    columns = [lambda y, j=j: matrix(t, y, None)[:, j] for j in range(3)]
    correction = 0.5 * sum(jax.jacobian(column)(y) @ column(y) for column in columns)
    np.testing.assert_allclose(
        stratonovich_drift(drift, matrix)(t, y, None), drift(t, y, None) - correction, rtol=1e-12
    )


def test_gradients_along_a_path_are_those_of_finite_differences():
    def end(scale):
        noise = lambda t, y, args: args * jnp.cos(y)
        return solve_sde(
            drift, noise, jnp.asarray([0.5, -0.2]), TIMES, Method(diffrax.ReversibleHeun(), dt=0.1), key=KEY, args=scale
        ).last.sum()

    step = 1e-5
    np.testing.assert_allclose(jax.grad(end)(0.3), (end(0.3 + step) - end(0.3 - step)) / (2 * step), rtol=1e-7)


def test_what_cannot_be_solved_is_refused():
    one = jnp.ones(2)
    with pytest.raises(ValueError, match="forward in time"):
        solve_sde(drift, diagonal, one, [1.0, 0.0], Method(diffrax.Euler(), dt=0.1), key=KEY)
    with pytest.raises(ValueError, match="substeps"):
        jax.jit(lambda t: solve_sde(drift, diagonal, one, t, Method(diffrax.Euler(), dt=0.1), key=KEY))(
            jnp.asarray(TIMES)
        )
    with pytest.raises(ValueError, match="one number for each entry"):
        solve_sde(drift, lambda t, y, args: jnp.ones(5), one, TIMES, Method(diffrax.Euler(), dt=0.1), key=KEY)
