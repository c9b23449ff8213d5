"""Batches that are carried from step to step: points and weights that follow the training."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralpde.equations.derivatives import partial
from neuralpde.pinn import R3, RAD, GradientNorms, Initial, Observations, Problem, ResidualAttention, TangentKernel
from neuralpde.pinn.causal import Causal
from neuralpde.spaces import Box, Neural
from neuralpde.training import ResidualTask, TrainingArgumentError
from neuralpde.training.residual_renewal import ResidualView

pytestmark = pytest.mark.slow  # many small programs, each compiled

TIME = Box.of(t=(0.0, 1.0))


class Affine(eqx.Module):
    """A network with two parameters: a + b s, s in [-1, 1]."""

    a: jax.Array
    b: jax.Array

    def __call__(self, s):
        return self.a + self.b * s


def growth():
    """u' = u, u(0) = 1, as observed at two other times."""
    law = lambda u, t: partial(u, 0)(t) - u(t)
    seen = jnp.asarray([[0.25], [0.75]])
    return Problem(TIME, law, [Initial(1.0), Observations(seen, jnp.exp(seen))])


def candidate(problem, a=0.5, b=1.5):
    return problem.candidate(Neural(Affine(jnp.asarray(a), jnp.asarray(b)), problem.space))


def carried(task, steps, begin=None):
    """A plain loop of gradient descent that carries the batch; from ``begin``, a state, where it was left."""
    model = candidate(task.problem)
    optimizer, key = optax.sgd(0.05), jax.random.key(0)

    def step(state, _):
        model, batch, optimizer_state, i = state
        batch = jax.lax.cond(i == 0, lambda b: b, lambda b: task.renew(b, model, i, key), batch)
        gradient = jax.grad(lambda m: task.loss(m, batch, key)[0])(model)
        updates, optimizer_state = optimizer.update(gradient, optimizer_state)
        return (optax.apply_updates(model, updates), batch, optimizer_state, i + 1), None

    start = lambda: (model, task.start(model, key), optimizer.init(model), jnp.zeros((), jnp.int32))
    begin = jax.jit(start)() if begin is None else begin
    return jax.jit(lambda state: jax.lax.scan(step, state, length=steps)[0])(begin)


def test_carried_batches_make_a_run_that_may_be_cut():
    task = ResidualTask(growth(), 16, resample_every=2, resampling=RAD(), balance=GradientNorms(every=3))
    whole, half = carried(task, 6), carried(task, 3)
    rest = carried(task, 3, half)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(rest), strict=True):
        np.testing.assert_array_equal(a, b)
    moved = np.asarray(half[1].points["equation"].x), np.asarray(whole[1].points["equation"].x)
    assert not np.array_equal(*moved)
    assert float(whole[1].weights["equation"]) != 1.0


def test_gradients_and_kernels_of_a_model_with_two_parameters():
    """u = a + b s, s = 2 t - 1: derivatives of all residuals are known."""
    task, problem = ResidualTask(growth(), 5, resampling=R3()), growth()
    model = candidate(problem)
    batch = jax.jit(lambda key: task.start(model, key))(jax.random.key(1))
    seen = ResidualView(model, task.terms, batch.points)
    norms, kernels = jax.jit(lambda key: (seen.gradient_norms(), seen.kernel_means(key)))(jax.random.key(2))
    # At t = 0: r = a - b - 1 = -2, dr / d(a, b) = (1, -1).
    assert float(kernels["initial"]) == pytest.approx(2.0, rel=1e-12)
    assert float(norms["initial"]) == pytest.approx(2 * 2.0 * 2**0.5, rel=1e-12)
    t = np.asarray(batch.points["equation"].x)[:, 0]
    rows = np.stack([-np.ones(5), 2 - (2 * t - 1)], axis=1)  # of r = 2 b - a - b s
    r = 2 * 1.5 - 0.5 - 1.5 * (2 * t - 1)
    assert float(norms["equation"]) == pytest.approx(np.linalg.norm(2 * rows.T @ r / 5), rel=1e-12)
    exact = np.mean(np.sum(rows**2, axis=1))
    estimates = jax.jit(jax.vmap(lambda key: seen.kernel_means(key)["equation"]))
    many = np.asarray(estimates(jax.random.split(jax.random.key(3), 100)))
    assert abs(np.mean(many) - exact) < 4 * np.std(many) / 10 and np.std(many) > 0


def test_factors_multiply_the_weights_of_the_user():
    task = ResidualTask(growth(), 8, weights={"initial": 10.0}, resample_every=None, balance=ResidualAttention())
    _, batch, _, _ = carried(task, 2)
    assert batch.weights["equation"].shape == (8,)
    np.testing.assert_allclose(batch.weights["initial"], 10 * batch.balanced.factors["initial"])
    causal = ResidualTask(growth(), 8, balance=Causal(tolerance=1.0, begin=0.0, end=1.0, chunks=4))
    _, batch, _, _ = carried(causal, 3)
    late = np.argmax(batch.points["equation"].x[:, 0])
    assert batch.weights["equation"][late] == batch.weights["equation"].min() < 1


def test_factors_of_points_that_change_are_refused():
    with pytest.raises(TrainingArgumentError, match="resample_every=None"):
        ResidualTask(growth(), 8, balance=ResidualAttention())
    with pytest.raises(TrainingArgumentError, match="divide resample_every"):
        ResidualTask(growth(), 8, resample_every=2, balance=Causal(tolerance=1.0, begin=0.0, end=1.0, every=3))
    with pytest.raises(TrainingArgumentError, match="no condition walls"):
        ResidualTask(growth(), 8, resampling={"walls": RAD()})


def test_a_loop_that_does_not_carry_is_told_so(key):
    task = ResidualTask(growth(), 8, balance=TangentKernel())
    with pytest.raises(TrainingArgumentError, match=r"task.start and task.renew"):
        task.loss(candidate(growth()), task.batches.batch(0, key), key)
