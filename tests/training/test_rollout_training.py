"""Training to step in time: what is learned, that a resumed run is exact, and that no horizon compiles anew."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.advected import SPACE, Stencil, dataset

from neuralpde.evaluation import evaluate_rollout
from neuralpde.operators import AbstractOperator, Refiner
from neuralpde.spaces import Field, FunctionSpace
from neuralpde.training import RefinerTask, RolloutTask, adam, fit
from neuralpde.training.compilations import compilations
from neuralpde.training.run import Run


def train(task, model, key, steps=300, rate=0.05, **options):
    optimizer = adam(steps, rate, schedule="cosine")
    return fit(
        model, task, optimizer, **{"steps": steps, "key": key, "steps_per_call": 50, "progress": False, **options}
    )


def stencil(task, reach):
    return task.operator(Stencil(task.network_source, reach=reach))


def test_advection_is_learned_and_kept_over_long_rollouts(key):
    """Nine points can shift three waves exactly: what is learned from 11 steps holds for 39 on other trajectories."""
    data = dataset(train=8)
    task = RolloutTask(data, noise=0.0, loss="mean_square", batch_size=8)
    fitted = train(task, stencil(task, 4), key, 600)
    results, made = evaluate_rollout(fitted.best_model, data)
    assert made.truth.times.shape == (4, 39)
    assert results["test/one_step_relative_l2"] < 1e-3
    assert results["test/relative_l2_last"] < 0.03
    assert fitted.best_value == pytest.approx(fitted.evaluations[-1]["validation/relative_l2"], rel=0.5)


@pytest.mark.slow
def test_unrolled_training_is_better_at_what_it_trains_than_one_step_training(key):
    """Three points cannot shift six waves exactly. The best weights for one step are not the best for eight: on other
    trajectories each training is the better one at its own measure. By the symbol of the stencil, the factors for waves
    of equal energy are 0.74 and 0.68."""
    data, held_out = dataset(train=8, modes=6), dataset(train=64, modes=6, seed=7)
    options = {"noise": 0.0, "loss": "mean_square"}
    measured = {}
    for trained in (1, 8):
        task = RolloutTask(data, horizon=trained, batch_size=8, **options)
        fitted = train(task, stencil(task, 1), key, 400)
        for judged in (1, 8):
            judge = RolloutTask(held_out, horizon=judged, batch_size=128, **options)
            loss, _ = eqx.filter_jit(judge.loss)(fitted.model, judge.batches.batch(0, key), key)
            measured[trained, judged] = float(loss)
    assert measured[8, 8] < 0.9 * measured[1, 8]
    assert measured[1, 1] < 0.9 * measured[8, 1]


@pytest.mark.slow
def test_resumed_run_is_the_uninterrupted_one(key, tmp_path):
    options = {"noise": 0.1, "horizon": 3, "grow": 20, "batch_size": 4}
    task = RolloutTask(dataset(), **options)
    model = stencil(task, 2)
    run = lambda folder, **more: fit(
        model, task, adam(30, 0.01), **{"steps": 30, "key": key, "steps_per_call": 5, "progress": False,
        "evaluate_every": 10, "tensorboard": False, "folder": tmp_path / folder, **more},
    )  # fmt: skip
    whole = run("whole")
    run("cut", steps=10)
    cut = run("cut", resume=True)
    for a, b in zip(jax.tree.leaves(whole.model), jax.tree.leaves(cut.model), strict=True):
        np.testing.assert_array_equal(a, b)
    assert whole.best_value == cut.best_value
    assert set(whole.history["train/horizon"]) == {1, 2, 3}


def test_no_horizon_compiles_anew(key):
    task = RolloutTask(dataset(), horizon=3, grow=6, batch_size=4)
    run = Run(stencil(task, 2), task, adam(12, 0.01), key, None, None)
    run.compile(2)
    run.advance(2)
    before = compilations()
    horizons = [run.advance(2).metrics["train/horizon"] for _ in range(4)]
    assert compilations() == before
    assert [int(h[-1]) for h in horizons] == [2, 3, 3, 3]


class Levelled(AbstractOperator):
    """A stencil for each level of noise."""

    weight: jax.Array
    level: jax.Array
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True, default=SPACE)

    def __call__(self, u, at=None, key=None):
        w = self.weight[self.level.astype(int)]
        shifted = jnp.stack([jnp.roll(u.values, -j, 0) for j in range(-4, 5)])
        return Field(jnp.einsum("jxc,jc->x", shifted, w)[:, None], u.on, SPACE)

    def given(self, parameters):
        return eqx.tree_at(lambda o: o.level, self, parameters.get("refinement", self.level))


@pytest.mark.parametrize("scheme", [pytest.param("noise", marks=pytest.mark.slow), "velocity"])
def test_refiner_learns_to_step(key, scheme):
    data = dataset(train=8)
    task = RefinerTask(data, refinements=2, sigma_min=0.01, scheme=scheme, batch_size=8)
    model = task.operator(Levelled(jnp.zeros((3, 9, 2)), jnp.zeros((), int), task.network_source))
    assert isinstance(model.operator.operator, Refiner)
    before = task.evaluate(model)["validation/relative_l2_first"]
    fitted = train(task, model, key, 600, rate=0.03, ema=0.99)
    after = task.evaluate(fitted.model)["validation/relative_l2_first"]
    assert after < 0.1 * before
    assert fitted.best_model.target == SPACE


def test_refiner_task_refuses_another_operator(key):
    task = RefinerTask(dataset(), batch_size=4)
    with pytest.raises(ValueError, match="trains a Refiner"):
        task.loss(RolloutTask(dataset()).operator(Stencil()), task.batches.batch(0, key), key)
    with pytest.raises(ValueError, match="noise, velocity"):
        RefinerTask(dataset(), scheme="diffusion")
