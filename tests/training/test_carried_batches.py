"""`fit` with batches that come from one another: points and weights that follow the model."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralpde.equations.derivatives import partial
from neuralpde.nn import mlp
from neuralpde.pinn import R3, RAD, GradientNorms, Initial, Problem
from neuralpde.spaces import Box, Neural
from neuralpde.training import Phase, Phases, ResidualTask, adam, fit, lbfgs


def growth():
    """u' = u, u(0) = 1."""
    law = lambda u, t: partial(u, 0)(t) - u(t)
    return Problem(Box.of(t=(0.0, 1.0)), law, [Initial(1.0)], reference=lambda t: jnp.exp(t[0]))


def network(problem, width=8, depth=1):
    net = mlp(1, 1, width=width, depth=depth, activation=jnp.tanh, key=jax.random.key(7))
    return problem.candidate(Neural(net, problem.space))


def trained(task, optimizer, steps, **options):
    return fit(
        network(task.problem),
        task,
        optimizer,
        steps=steps,
        key=jax.random.key(0),
        progress=False,
        tensorboard=False,
        **options,
    )


def arrays(model):
    return jax.tree.leaves(eqx.filter(model, eqx.is_array))


def by_hand(task, learning_rate, steps):
    """Gradient descent with the batches of the task, step by step from Python."""
    model = network(task.problem)
    key = jax.random.split(jax.random.key(0))[0]
    batch = eqx.filter_jit(task.start)(model, key)
    renew = eqx.filter_jit(task.renew)
    gradient = eqx.filter_jit(eqx.filter_grad(lambda m, b: task.loss(m, b, key)[0]))
    weights = []
    for step in range(steps):
        batch = renew(batch, model, jnp.int32(step), key) if step else batch
        weights.append(float(batch.weights["initial"]))
        step_back = jax.tree.map(lambda g: -learning_rate * g, gradient(model, batch))
        model = eqx.apply_updates(model, step_back)
    return model, weights


def test_fit_carries_points_and_weights_and_resumes_them_exactly(tmp_path):
    def task():
        return ResidualTask(growth(), 32, resample_every=2, resampling=R3(), balance=GradientNorms(every=3))

    whole = trained(task(), optax.sgd(0.05), 10, steps_per_call=5, folder=tmp_path / "whole")
    model, weights = by_hand(task(), 0.05, 10)
    for a, b in zip(arrays(whole.model), arrays(model), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    np.testing.assert_allclose(whole.history["train/initial_weight"], weights, rtol=1e-12)
    assert weights[2] == 1 != weights[3]

    trained(task(), optax.sgd(0.05), 7, steps_per_call=5, folder=tmp_path / "cut")
    rest = trained(task(), optax.sgd(0.05), 10, steps_per_call=5, folder=tmp_path / "cut", resume=True)
    for a, b in zip(arrays(whole.model), arrays(rest.model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_quasi_newton_phase_holds_points_and_weights_of_its_beginning():
    phases = Phases(9, [Phase(optax.sgd(0.05), 4), Phase(lbfgs)])
    task = ResidualTask(growth(), 32, resample_every=1, resampling=R3(), balance=GradientNorms(every=2))
    weights = np.asarray(trained(task, phases, 9, steps_per_call=9).history["train/initial_weight"])
    assert weights[1] == 1 != weights[2]
    assert weights[2] == weights[3] != weights[4]
    np.testing.assert_array_equal(weights[4:], weights[4])


@pytest.mark.slow
def test_points_that_follow_the_residual_find_a_front():
    """A front 1/100 wide, and few points that stay for long: those drawn by the residual see it earlier."""
    width = 0.01
    exact = lambda t: jnp.tanh((t[0] - 0.5) / width)
    law = lambda u, t: partial(u, 0)(t) - (1 - exact(t) ** 2) / width
    problem = Problem(Box.of(t=(0.0, 1.0)), law, [Initial(-1.0)], reference=exact)
    errors = {}
    for name, resampling in {"uniform": None, "RAD": RAD()}.items():
        task = ResidualTask(problem, 32, resample_every=100, resampling=resampling)
        ended = fit(network(problem, 32, 2), task, adam(3000, 3e-3), steps=3000, key=jax.random.key(0), progress=False)
        errors[name] = ended.evaluations[-1]["validation/relative_l2"]
    print(errors)
    assert errors["RAD"] < 0.5 * errors["uniform"]
