"""The compiled loop: what it computes does not depend on how it is cut, and it neither recompiles nor talks."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from training.linear_regression import Linear, Regression, distance

from neuralpde.training import TrainingArgumentError, adamw, fit, sgd
from neuralpde.training.run import Run


def leaves(model):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(model)]


def train(key, steps=60, optimizer=None, model=None, **options):
    task = options.pop("task", None) or Regression()
    return fit(model or Linear(), task, optimizer or adamw(60, 0.05), steps=steps, key=key, progress=False, **options)


@pytest.mark.parametrize("cut", [{"steps_per_call": 1}, {"steps_per_call": 7}, {"evaluate_every": 13}])
def test_result_does_not_depend_on_how_the_run_is_cut(key, cut):
    whole, other = train(key, steps_per_call=60, evaluate_every=60), train(key, **cut)
    for a, b in zip(leaves(whole.model), leaves(other.model), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(whole.history["train/loss"], other.history["train/loss"])
    assert len(whole.history["train/loss"]) == 60


def test_steps_are_those_of_a_plain_loop(key):
    """A second implementation: one jitted step at a time, in plain optax."""
    task, optimizer = Regression(), sgd(20, 0.05)
    fitted = train(key, 20, optimizer, task=task)
    model, state = Linear(), optimizer.init(Linear())
    key_order, key_noise = jax.random.split(key)
    for step in range(20):
        batch = task.batches.batch(step, key_order)
        gradient = jax.grad(lambda m, b=batch, s=step: task.loss(m, b, jax.random.fold_in(key_noise, s))[0])(model)
        updates, state = optimizer.update(gradient, state, model)
        model = eqx.apply_updates(model, updates)
    for a, b in zip(leaves(fitted.model), leaves(model), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


class Smoother(eqx.Module):
    """A convolution, which the loop treats in another way than other layers on a CPU."""

    kernel: jax.Array

    def __call__(self, x):
        return jax.lax.conv(x[:, None], self.kernel, (1,), "SAME")[:, 0]


class Deblurring(Regression):
    def loss(self, model, batch, key):
        x, _ = batch
        return jnp.mean((model(x) - jnp.roll(x, 1, axis=1)) ** 2), {}

    def evaluate(self, model):
        return {"validation/error": float(jnp.abs(model.kernel).sum())}


def test_unrolled_steps_are_those_of_single_calls(key):
    start = Smoother(jnp.full((1, 1, 3), 0.1))
    runs = [train(key, 23, task=Deblurring(), model=start, steps_per_call=n) for n in (1, 5)]
    np.testing.assert_allclose(runs[0].model.kernel, runs[1].model.kernel, rtol=1e-12)
    assert np.abs(runs[0].model.kernel - start.kernel).max() > 0.1
    assert [len(run.history["train/loss"]) for run in runs] == [23, 23]


def test_another_key_gives_another_run(key):
    a, b = train(key), train(jax.random.key(1))
    assert not np.array_equal(a.model.weight, b.model.weight)


def test_noise_of_a_step_depends_on_key_and_step_alone(key):
    runs = [train(key, task=Regression(noise=0.1), steps_per_call=n) for n in (3, 20)]
    np.testing.assert_array_equal(runs[0].model.weight, runs[1].model.weight)


def test_best_model_is_that_of_the_smallest_held_out_error(key):
    fitted = train(key, 100, sgd(100, 0.6, momentum=0.9), evaluate_every=5, task=Regression(batch_size=4))
    values = [record["validation/error"] for record in fitted.evaluations]
    assert fitted.best_value == min(values) == pytest.approx(distance(fitted.best_model), rel=1e-12)
    assert fitted.best_step == 5 * (1 + int(np.argmin(values)))
    assert [record["step"] for record in fitted.evaluations] == list(range(5, 101, 5))


def test_average_is_that_of_its_recursion(key):
    decay, steps = 0.9, 6
    trajectory = [train(key, n, sgd(60, 0.05)).model.weight for n in range(1, steps + 1)]
    average = np.zeros((3, 2))
    for n, weight in enumerate(trajectory, start=1):
        d = min(decay, (1 + n) / (10 + n))
        average = d * average + (1 - d) * weight
    fitted = train(key, steps, sgd(60, 0.05), ema=decay)
    np.testing.assert_allclose(fitted.model.weight, average, rtol=1e-12)


def test_run_compiles_its_programs_once(key):
    """The loop and the start of the state: no more programs for ten times the steps, cut into uneven calls."""
    train(key, 20, steps_per_call=4, evaluate_every=10)
    short = train(key, 20, steps_per_call=4, evaluate_every=10).compilations
    assert train(key, 205, steps_per_call=4, evaluate_every=10).compilations == short <= 3


def test_calls_transfer_nothing_but_the_number_of_their_steps(key):
    run = Run(Linear(), Regression(), adamw(100, 0.05), key, None, None)
    run.compile(10)
    with jax.transfer_guard("disallow"):  # explicit transfers, of that number, are no surprise and pass
        calls = [run.advance(10) for _ in range(5)]
    assert run.step == 50 and int(calls[-1].metrics["step"]) == 50


def test_one_dispatch_makes_all_steps_of_a_call(key, monkeypatch):
    run = Run(Linear(), Regression(), adamw(100, 0.05), key, None, None)
    run.compile(10)
    compiled, count = run._compiled, []
    monkeypatch.setattr(run, "_compiled", lambda *arguments: (count.append(1), compiled(*arguments))[1])
    for _ in range(4):
        run.advance(10)
    assert len(count) == 4 and run.step == 40


def test_state_is_given_away_to_the_next_call(key):
    run = Run(Linear(), Regression(), adamw(100, 0.05), key, None, None)
    run.compile(10)
    before = run._state.parameters.weight
    run.advance(10)
    assert before.is_deleted()


def test_model_given_to_fit_stays_usable(key):
    model = Linear()
    train(key, model=model)
    np.testing.assert_array_equal(model.weight, 0)


def test_plain_optax_is_welcome(key):
    fitted = train(key, 400, optax.adam(0.05))
    assert distance(fitted.model) < 0.1
    assert "train/learning_rate" not in fitted.history


def test_complex_parameters_descend(key):
    class Phase(eqx.Module):
        z: jax.Array

    class Rotation(Regression):
        def loss(self, model, batch, key):
            return jnp.abs(model.z - (1 + 2j)) ** 2, {}

        def evaluate(self, model):
            return {"validation/error": 0.0}

    fitted = train(key, 200, sgd(200, 0.05, momentum=0.0), model=Phase(jnp.zeros((), complex)), task=Rotation())
    assert abs(complex(fitted.model.z) - (1 + 2j)) < 1e-3


@pytest.mark.parametrize(
    "arguments, said",
    [({"steps": 0}, "steps=0"), ({"steps_per_call": 0}, "steps_per_call=0"), ({"ema": 1.5}, "between 0 and 1")],
)
def test_unusable_arguments_are_refused(key, arguments, said):
    with pytest.raises(TrainingArgumentError, match=said):
        train(key, **arguments)
