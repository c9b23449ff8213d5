"""Newton-CG against the closed form of its step on quadratics, and on a saddle."""

import jax.numpy as jnp
import numpy as np
import pytest
from training.descent import minimise, rosenbrock

from neuralpde.training import StopReason, TrainingArgumentError, newton_cg
from neuralpde.training.second_order.newton_cg import conjugate_gradients

pytestmark = pytest.mark.slow  # many small programs, each compiled


def test_step_on_a_quadratic_is_that_of_the_damped_hessian():
    """e1 = damping (H + damping)^-1 e0: nearly one step to the minimiser."""
    q, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(15, 15)))
    hessian = q @ np.diag(np.geomspace(1, 1e3, 15)) @ q.T
    a = jnp.asarray(hessian)
    optimizer = newton_cg(1, damping=1e-3, rank=6, rtol=1e-13)
    iterates, _, _ = minimise(optimizer, np.ones(15), 1, value=lambda x: 0.5 * x @ a @ x)
    expected = 1e-3 * np.linalg.solve(hessian + 1e-3 * np.eye(15), np.ones(15))
    np.testing.assert_allclose(iterates[1], expected, atol=1e-9)


def test_it_leaves_a_saddle_and_finds_the_minimiser():
    iterates, reason, _ = minimise(newton_cg(80, tolerance=1e-9), [-1.2, 1.0], 80, value=rosenbrock)
    assert reason == StopReason.CONVERGED
    np.testing.assert_allclose(iterates[-1], 1.0, atol=1e-8)


def test_conjugate_gradients_end_on_negative_curvature_with_a_direction_of_descent():
    matrix = jnp.diag(jnp.asarray([3.0, 1.0, -0.5, -2.0]))
    for g in (jnp.asarray([1.0, 1.0, 0.1, 0.1]), jnp.asarray([0.1, 0.1, 1.0, 1.0])):
        z = conjugate_gradients(lambda v: matrix @ v, g, lambda v: v, 20, 1e-10)
        assert float(z @ g) > 0
    definite = jnp.diag(jnp.asarray([3.0, 1.0, 0.5, 2.0]))
    z = conjugate_gradients(lambda v: definite @ v, g, lambda v: v, 20, 1e-12)
    np.testing.assert_allclose(z, g / jnp.diagonal(definite), rtol=1e-10)


def test_unusable_arguments_are_refused():
    for name in ("damping", "rank", "refresh", "iterations"):
        with pytest.raises(TrainingArgumentError, match=f"{name}=0"):
            newton_cg(1, **{name: 0})
