"""Quasi-Newton updates against their defining equations, and iterations against SciPy's BFGS."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from training.descent import minimise, rosenbrock

from neuralpde.training import StopReason, TrainingArgumentError, bfgs, lbfgs, ssbfgs, ssbroyden
from neuralpde.training.second_order.memory import DenseMemory
from neuralpde.training.second_order.self_scaled import plain, scaled_bfgs, scaled_broyden, updated

pytestmark = pytest.mark.slow  # many small programs, each compiled

SCALINGS = {"bfgs": plain, "ssbfgs": scaled_bfgs, "ssbroyden": scaled_broyden}


def pairs(n=6, count=8):
    """Positive definite H of condition up to 100, steps, and changes of the gradient with y.s > 0, of many b and h."""
    rng = np.random.default_rng(1)
    for i in range(count):
        q, _ = np.linalg.qr(rng.normal(size=(n, n)))
        inverse = (q * 10.0 ** rng.uniform(-1, 1, n)) @ q.T
        inverse = 0.5 * (inverse + inverse.T)
        s, y = rng.normal(size=(2, n))
        y = y * np.sign(y @ s) * 10.0 ** (i / 2 - 2)
        yield inverse, s, y


_updated = jax.jit(updated, static_argnums=4)


def next_inverse(inverse, s, y, scaling):
    s_b_s = s @ np.linalg.solve(inverse, s)
    return np.asarray(_updated(inverse, s, y, s_b_s, scaling))


@pytest.mark.parametrize("name", SCALINGS)
def test_update_is_symmetric_positive_definite_and_obeys_the_secant_equation(name):
    for inverse, s, y in pairs():
        new = next_inverse(inverse, s, y, SCALINGS[name])
        round_off = 1e-14 * np.linalg.norm(new, 2) * np.linalg.norm(y)
        np.testing.assert_allclose(new @ y, s, rtol=0, atol=round_off)
        np.testing.assert_allclose(new, new.T, rtol=0, atol=1e-14 * np.abs(new).max())
        assert np.linalg.eigvalsh(new)[0] > 0


@pytest.mark.parametrize("name", ["bfgs", "ssbfgs"])
def test_bfgs_is_its_product_form(name):
    """(I - s y^T / y.s) (H / tau) (I - y s^T / y.s) + s s^T / y.s, with tau = 1 or min(1, y.s / s.Bs)."""
    for inverse, s, y in pairs():
        tau = 1.0 if name == "bfgs" else min(1.0, y @ s / (s @ np.linalg.solve(inverse, s)))
        project = np.eye(len(s)) - np.outer(s, y) / (y @ s)
        expected = project @ inverse @ project.T / tau + np.outer(s, s) / (y @ s)
        new = next_inverse(inverse, s, y, SCALINGS[name])
        np.testing.assert_allclose(new, expected, atol=1e-12 * np.abs(expected).max())


def test_broyden_update_inverts_that_of_the_hessian():
    """B+ = tau (B - Bs (Bs)^T / s.Bs + theta w w^T) + y y^T / y.s with w = sqrt(s.Bs) (y / y.s - Bs / s.Bs)."""
    thetas = []
    for inverse, s, y in pairs():
        hessian = np.linalg.inv(inverse)
        bs, ys = hessian @ s, y @ s
        b, h = s @ bs / ys, y @ inverse @ y / ys
        tau, phi = map(float, scaled_broyden(jnp.asarray(b), jnp.asarray(h), len(s)))
        theta = (1 - phi) / (1 + (b * h - 1) * phi)
        w = np.sqrt(s @ bs) * (y / ys - bs / (s @ bs))
        new = tau * (hessian - np.outer(bs, bs) / (s @ bs) + theta * np.outer(w, w)) + np.outer(y, y) / ys
        found = next_inverse(inverse, s, y, scaled_broyden)
        np.testing.assert_allclose(found @ new, np.eye(len(s)), atol=1e-8)
        thetas.append(theta)
    assert min(thetas) < 0 < max(thetas)  # both branches were taken


def test_broyden_is_bfgs_where_the_step_fits_the_curvature():
    """b = 1 gives theta = 0, hence tau = phi = 1."""
    for h in (1.5, 40.0):
        np.testing.assert_allclose(scaled_broyden(jnp.asarray(1.0), jnp.asarray(h), 6), (1.0, 1.0), rtol=1e-12)


def test_exact_curvature_divides_by_nothing():
    """a = b h - 1 = 0, where H is already right along the step."""
    inverse = np.diag([1.0, 2.0, 3.0])
    s = np.asarray([1.0, 0.0, 0.0])
    np.testing.assert_allclose(next_inverse(inverse, s, s, scaled_broyden), inverse, rtol=1e-6)


def scaled_quadratic(n=20, condition=1e6):
    q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(n, n)))
    a = jnp.asarray(q @ np.diag(np.geomspace(1, condition, n)) @ q.T)
    return lambda x: 0.5 * x @ a @ x


PROBLEMS = {"rosenbrock": (rosenbrock, np.asarray([-1.2, 1.0])), "quadratic": (scaled_quadratic(), np.ones(20))}


@pytest.mark.parametrize("make", [bfgs, ssbfgs, ssbroyden], ids=lambda make: make.__name__)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_iterations_are_about_those_of_scipy(problem, make):
    value, x = PROBLEMS[problem]
    theirs = scipy.optimize.minimize(
        jax.jit(value), x, jac=jax.jit(jax.grad(value)), method="BFGS", options={"gtol": 1e-8}
    )
    iterates, reason, _ = minimise(make(200, tolerance=1e-8), x, 200, value)
    assert reason == StopReason.CONVERGED
    np.testing.assert_allclose(iterates[-1], theirs.x, atol=1e-7)
    assert len(iterates) - 2 <= 1.2 * theirs.nit  # the last step finds that the gradient is within its tolerance


def test_lbfgs_finds_the_minimiser():
    iterates, reason, _ = minimise(lbfgs(100, tolerance=1e-8), [-1.2, 1.0], 100, rosenbrock)
    assert reason == StopReason.CONVERGED
    np.testing.assert_allclose(iterates[-1], 1.0, atol=1e-8)


def test_loss_falls_to_round_off_of_single_precision_and_the_reason_is_told():
    def value(x):
        return rosenbrock(x) + jnp.float32(1.0)

    iterates, reason, state = minimise(ssbroyden(200), np.float32([-1.2, 1.0]), 200, value)
    assert iterates.dtype == np.float32 and state.memory.dtype == jnp.float32
    assert reason in (StopReason.LINE_SEARCH, StopReason.SMALL_STEP, StopReason.CONVERGED)
    np.testing.assert_allclose(iterates[-1], 1.0, atol=1e-2)


def test_search_that_fails_without_a_memory_ends_the_phase_where_it_stands():
    def lying(x):
        """A slope without a decrease."""
        return jnp.sum(jnp.abs(jax.lax.stop_gradient(x) - 1.0)) + jnp.sum(x - jax.lax.stop_gradient(x))

    iterates, reason, _ = minimise(ssbroyden(10), [1.0, 1.0], 10, lying)
    assert reason == StopReason.LINE_SEARCH
    np.testing.assert_array_equal(iterates[-1], 1.0)


def test_a_memory_that_knows_nothing_gives_steepest_descent():
    memory, x = DenseMemory(scaled_broyden), jnp.asarray([3.0, -4.0])
    learned = jnp.asarray([[2.0, 1.0], [1.0, 5.0]])
    fresh, _ = memory.direction(learned, jnp.asarray(True), x, x)
    np.testing.assert_allclose(fresh, -x / 5)
    known, _ = memory.direction(learned, jnp.asarray(False), x, x)
    np.testing.assert_allclose(known, -learned @ x)


@pytest.mark.parametrize("keep", [True, False])
def test_what_was_learned_on_one_batch_serves_the_next(keep):
    """Batches of one quadratic form and other minima: with its Hessian known, the first step is Newton's."""
    form = jnp.diag(10.0 ** jnp.arange(-2.0, 3.0))
    bowl = lambda centre: lambda x: 0.5 * (x - centre) @ form @ (x - centre)
    method, moved = ssbroyden(100, keep=keep), bowl(jnp.arange(5.0))
    iterates, _, state = minimise(method, jnp.ones(5), 30, bowl(jnp.zeros(5)))

    @jax.jit
    def after_one_step(x, state):
        value, g = jax.value_and_grad(moved)(x)
        others = {"value": value, "grad": g, "value_fn": moved, "new_batch": jnp.asarray(True)}
        return moved(x + method.update(g, state, x, **others)[0])

    left = float(after_one_step(jnp.asarray(iterates[-1]), state))
    assert left < 1e-6 if keep else left > 1.0


def test_unfit_parameters_are_refused():
    with pytest.raises(TrainingArgumentError, match="real parameters"):
        ssbroyden(10).init({"z": jnp.zeros(2, complex)})
    with pytest.raises(TrainingArgumentError, match="use lbfgs"):
        jax.eval_shape(ssbroyden(10).init, jnp.zeros(40_000))
