"""Gauss-Newton methods against SciPy, dense linear algebra and measured orders of convergence."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from training.descent import minimise, rosenbrock_residuals

from neuralpde.training import (
    Block,
    Residuals,
    StopReason,
    TrainingArgumentError,
    least_squares,
    levenberg_marquardt,
    natural_gradient,
)
from neuralpde.training.residuals import stacked
from neuralpde.training.second_order.count_sketch import sketched
from neuralpde.training.second_order.jacobian import first_order, gram_of_rows, jacobian
from neuralpde.training.second_order.normal_equations import normal_equations
from neuralpde.training.second_order.nystrom import nystrom

pytestmark = pytest.mark.slow  # many small programs, each compiled

T = jnp.linspace(0, 3, 40)
START = np.asarray([1.0, 1.0, 1.0, 2.0])


def model(x):
    return x[0] * jnp.exp(-x[1] * T) + x[2] * jnp.cos(x[3] * T)


def misfit(x):
    """Residuals that do not vanish at the minimiser."""
    return model(x) - model(jnp.asarray([2.0, 1.3, 0.5, 2.1])) - 0.05 * jnp.sin(37 * T)


@pytest.mark.parametrize(
    "options", [{}, {"form": "kernel"}, {"geodesic": True}], ids=["parameters", "kernel", "geodesic"]
)
def test_levenberg_marquardt_finds_the_minimiser_of_scipy(options):
    tight = dict.fromkeys(["xtol", "ftol", "gtol"], 1e-15)
    theirs = scipy.optimize.least_squares(jax.jit(misfit), START, jac=jax.jit(jax.jacfwd(misfit)), **tight)
    iterates, _, _ = minimise(levenberg_marquardt(60, **options), START, 60, residuals=misfit)
    np.testing.assert_allclose(iterates[-1], theirs.x, atol=1e-10)


def test_levenberg_marquardt_converges_quadratically_where_residuals_vanish():
    iterates, _, _ = minimise(levenberg_marquardt(60), [-1.2, 1.0], 60, residuals=rosenbrock_residuals)
    errors = np.linalg.norm(iterates - 1.0, axis=1)
    assert errors[-1] < 1e-14
    seen = errors[(errors > 1e-15) & (errors < 0.3)]
    orders = np.log(seen[2:] / seen[1:-1]) / np.log(seen[1:-1] / seen[:-2])
    assert orders[-1] > 1.9 or orders[-2] > 1.9, orders  # the very last step ends in round-off


def random_problem(n, p, seed=0):
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.normal(size=(n, p))), jnp.asarray(rng.normal(size=n))


def test_gauss_newton_solves_a_linear_problem_in_one_step():
    a, y = random_problem(12, 5)
    iterates, _, _ = minimise(natural_gradient(1, damping=0.0), np.zeros(5), 1, residuals=lambda x: a @ x - y)
    np.testing.assert_allclose(iterates[1], np.linalg.lstsq(a, y, rcond=None)[0], atol=1e-12)


def test_halved_gauss_newton_converges_where_whole_steps_diverge():
    """Newton's iterates for arctan x = 0 grow from |x| > 1.39 on."""
    iterates, _, _ = minimise(least_squares(20), [3.0], 20, residuals=jnp.arctan)
    assert abs(iterates[-1, 0]) < 1e-12
    # The whole step is -10 arctan 3; it and its half end where the residual is larger, a quarter does not.
    np.testing.assert_allclose(iterates[1, 0], 3 - 10 * np.arctan(3) / 4, rtol=1e-12)
    still, reason, _ = minimise(least_squares(20, halvings=0), [3.0], 20, residuals=jnp.arctan)
    assert reason == StopReason.LINE_SEARCH and still[-1, 0] == 3.0


def test_gauss_newton_finds_the_minimiser_of_scipy_where_residuals_do_not_vanish():
    tight = dict.fromkeys(["xtol", "ftol", "gtol"], 1e-15)
    theirs = scipy.optimize.least_squares(jax.jit(misfit), START, jac=jax.jit(jax.jacfwd(misfit)), **tight)
    iterates, _, _ = minimise(least_squares(60), START, 60, residuals=misfit)
    np.testing.assert_allclose(iterates[-1], theirs.x, atol=1e-9)


def test_negative_halvings_are_refused():
    with pytest.raises(TrainingArgumentError, match="halvings"):
        least_squares(1, halvings=-1)


def curved(n, p):
    a, y = random_problem(n, p)
    return lambda x: jnp.tanh(a @ x) + (a @ x) ** 2 / 9 - y


@pytest.mark.parametrize(("n", "p"), [(12, 5), (5, 12)])
def test_kernel_form_is_the_form_in_parameters(n, p):
    residuals = Residuals(curved(n, p))

    @jax.jit
    def both(x):
        local = first_order(residuals, x)
        forms = [normal_equations(residuals, x, local, form, chunk=4) for form in ("parameters", "kernel")]
        assert normal_equations(residuals, x, local, "auto", 4).kernel == (n < p)
        steps = [equations.solver(jnp.asarray(0.1))(local.r) for equations in forms]
        return *steps, local.r, jax.jacfwd(residuals)(x)

    in_parameters, by_kernel, r, dense = map(np.asarray, both(jnp.linspace(-0.3, 0.4, p)))
    np.testing.assert_allclose(by_kernel, in_parameters, rtol=1e-11, atol=1e-13)
    expected = -np.linalg.solve(dense.T @ dense + 0.1 * np.eye(p), dense.T @ r)
    np.testing.assert_allclose(in_parameters, expected, rtol=1e-11, atol=1e-13)


def test_jacobians_of_points_are_those_of_all_residuals():
    """Two blocks of points with one and two residuals each, in chunks that do not divide them."""
    points = jnp.linspace(-1, 1, 7), jnp.linspace(0, 2, 10).reshape(5, 2)
    blocks = [
        Block(lambda x, t: jnp.sin(x[:1] * t) * x[1], points[0]),
        Block(lambda x, p: jnp.stack([x[2] * p[0] ** 2, x[0] * x[1] * p[1]]), points[1]),
    ]
    residuals = stacked(blocks)
    whole, wide = Residuals(residuals.whole), Residuals(lambda x: residuals(x)[:2])

    @jax.jit
    def made(x):
        local = first_order(residuals, x)
        jacobians = [jacobian(seen, x, local, 3) for seen in (residuals, whole)]
        grams = [gram_of_rows(seen, x, local, 3) for seen in (residuals, whole)]
        return jacobians, grams, jacobian(wide, x, first_order(wide, x), 3), jax.jacfwd(residuals)(x)

    jacobians, grams, some, dense = jax.device_get(made(jnp.asarray([0.3, -1.1, 0.7])))
    assert dense.shape == (17, 3)
    for found, gram in zip(jacobians, grams, strict=True):
        np.testing.assert_allclose(found, dense, atol=1e-14)
        np.testing.assert_allclose(gram, dense.T @ dense, atol=1e-13)
    np.testing.assert_allclose(some, dense[:2], atol=1e-14)


def test_momentum_minimises_its_functional():
    """d = argmin |r + J d|^2 + lambda |d - mu d_previous|^2, in the first step without a previous one."""
    residuals, mu, damping = curved(5, 8), 0.7, 1e-2
    optimizer = natural_gradient(3, damping=damping, momentum=mu)
    iterates, _, _ = minimise(optimizer, np.full(8, 0.1), 2, residuals=residuals)
    previous = np.zeros(8)
    for x, following in itertools.pairwise(iterates):
        dense, r = np.asarray(jax.jacfwd(residuals)(x)), np.asarray(residuals(x))
        root = min(damping, r @ r) ** 0.5
        stacked = np.concatenate([dense, root * np.eye(8)])
        d = np.linalg.lstsq(stacked, np.concatenate([-r, root * mu * previous]), rcond=None)[0]
        step = following - x
        eta = step @ d / (d @ d)
        assert np.log2(eta) == pytest.approx(round(np.log2(eta)), abs=1e-6) and eta <= 1 + 1e-9
        np.testing.assert_allclose(step, eta * d, atol=1e-9 * np.abs(d).max())
        previous = d


def test_nystrom_of_full_rank_is_the_matrix_and_solves_with_it():
    a, g = map(np.asarray, random_problem(9, 9))
    matrix, low = a @ a.T, a[:, :3] @ a[:, :3].T

    @jax.jit
    def made(key):
        full = nystrom(lambda v: matrix @ v, 9, 9, key, jnp.float64)
        some = nystrom(lambda v: low @ v, 9, 5, key, jnp.float64)
        return full, some, full.solve(jnp.asarray(g), jnp.asarray(0.3))

    full, some, solved = jax.device_get(made(jax.random.key(1)))
    np.testing.assert_allclose((full.basis * full.values) @ full.basis.T, matrix, atol=1e-10)
    np.testing.assert_allclose(solved, np.linalg.solve(matrix + 0.3 * np.eye(9), g), rtol=1e-9)
    np.testing.assert_allclose((some.basis * some.values) @ some.basis.T, low, atol=1e-10)


def test_sketched_residuals_lead_to_where_all_vanish():
    """12 combinations of 40 residuals."""

    def residuals(x):
        return model(x) - model(jnp.asarray([2.0, 1.3, 0.5, 2.1]))

    iterates, _, _ = minimise(levenberg_marquardt(60, sketch=12), START, 60, residuals=residuals)
    np.testing.assert_allclose(iterates[-1], [2.0, 1.3, 0.5, 2.1], atol=1e-8)


def test_sketched_curvature_that_sees_its_rank_is_gauss_newton():
    """5 residuals, 12 parameters: a rank of 6 is enough."""
    start = np.linspace(-0.3, 0.4, 12)
    both = [natural_gradient(1, damping=1e-3, sketch=rank) for rank in (None, 6)]
    steps = [minimise(optimizer, start, 1, residuals=curved(5, 12))[0][1] for optimizer in both]
    np.testing.assert_allclose(*steps, atol=1e-9)


def test_count_sketch_keeps_the_mean_square():
    r = Residuals(lambda x: jnp.sin(jnp.arange(200.0)) + x)
    of = jax.jit(jax.vmap(lambda key: jnp.sum(sketched(r, jnp.zeros(1), 40, key)(jnp.zeros(1)) ** 2)))
    squares = np.asarray(of(jax.random.split(jax.random.key(0), 200)))
    exact = float(jnp.sum(r(jnp.zeros(1)) ** 2))
    assert abs(squares.mean() - exact) < 4 * squares.std() / 200**0.5
    assert squares.std() < 0.35 * exact  # sqrt(2 / 40) of it for normal combinations


def test_minimum_is_recognised():
    iterates, reason, _ = minimise(levenberg_marquardt(30, tolerance=1e-9), START, 30, residuals=misfit)
    assert reason == StopReason.CONVERGED
    assert np.abs(jax.grad(lambda x: jnp.sum(misfit(x) ** 2))(iterates[-1])).max() <= 1e-9


@pytest.mark.parametrize("make", [levenberg_marquardt, natural_gradient])
def test_task_without_residuals_and_unusable_arguments_are_refused(make):
    with pytest.raises(TrainingArgumentError, match="residuals"):
        minimise(make(1), START, 1, value=lambda x: jnp.sum(x**2))
    for wrong in ({"form": "rows"}, {"chunk": 0}, {"damping": -1.0}, {"sketch": 0}):
        with pytest.raises(TrainingArgumentError, match=next(iter(wrong))):
            make(1, **wrong)
    with pytest.raises(TrainingArgumentError, match="real parameters"):
        make(1).init(jnp.zeros(2, complex))
