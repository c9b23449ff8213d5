"""Runs in phases: who makes which step, on which batch, why one stopped, and that a resumed run is the same."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from training.linear_regression import Cloud, Linear, Regression, distance

from neuralpde.training import (
    Phase,
    PhaseEnd,
    Phases,
    StopReason,
    TrainingArgumentError,
    adam,
    fit,
    levenberg_marquardt,
    sgd,
    ssbroyden,
)
from neuralpde.training.checkpoint import saved_steps
from neuralpde.training.stopping import in_words


class LeastSquares(Regression):
    """The regression with its residuals told; ``offset`` in the data leaves some at the minimiser."""

    def __init__(self, batch_size=16, offset=0.0):
        super().__init__(batch_size)
        x, y = self.batches.x, self.batches.y
        self.batches = Cloud(x, y + offset * jnp.sin(7 * jnp.arange(y.size)).reshape(y.shape), batch_size)

    def residuals(self, model, batch, key):
        x, y = batch
        return (model(x) - y).reshape(-1) / y.size**0.5


def train(key, optimizer, steps, task=None, folder=None, **options):
    return fit(
        Linear(), task or LeastSquares(), optimizer, steps=steps, key=key, folder=folder, evaluate_every=10,
        tensorboard=False, **{"steps_per_call": 4, "progress": False, **options},
    )  # fmt: skip


def tagged(rate):
    """Gradient descent that tells its rate."""
    return sgd(100, rate, momentum=0.0)


def test_phases_follow_one_another_and_leave_no_step_out(key):
    phases = Phases(20, [Phase(tagged(0.1), 5), Phase(tagged(0.2), 0.3), Phase(tagged(0.3))])
    fitted = train(key, phases, 20)
    np.testing.assert_allclose(fitted.history["train/learning_rate"], [0.1] * 5 + [0.2] * 6 + [0.3] * 9)
    assert fitted.phases == (PhaseEnd(0, 5, None), PhaseEnd(5, 11, None), PhaseEnd(11, 20, None))


def test_a_run_in_phases_is_the_run_of_its_parts(key):
    """Gradient descent remembers nothing: two phases of it are one."""
    whole = train(key, tagged(0.1), 20)
    parts = train(key, Phases(20, [Phase(tagged(0.1), 7), Phase(tagged(0.1))]), 20)
    for a, b in zip(jax.tree.leaves(whole.model), jax.tree.leaves(parts.model), strict=True):
        np.testing.assert_array_equal(a, b)


class Seen(eqx.Module):
    """Batches that tell the step which they were asked for."""

    def batch(self, step, key):
        return step


class Showing(Regression):
    """Logs the step of its batch and the noise that goes with it."""

    monitor = None

    def __init__(self):
        self.batches, self.batch_size = Seen(), 1

    def loss(self, model, batch, key):
        return jnp.sum(model.weight**2), {"held": batch, "noise": jax.random.uniform(key)}

    def evaluate(self, model):
        return {}


def told():
    """A transformation that does nothing, and tells by its rate where the batch was new."""

    def update(gradient, state, parameters=None, *, new_batch, **others):
        return jax.tree.map(jnp.zeros_like, gradient), {"learning_rate": jnp.where(new_batch, 1.0, 0.0)}

    return optax.GradientTransformationExtraArgs(lambda p: {"learning_rate": jnp.zeros(())}, update)


def test_batch_noise_and_memory_are_held(key):
    phases = Phases(17, [Phase(told(), 5, hold=2), Phase(told(), hold=4)])
    history = train(key, phases, 17, Showing()).history
    held = [0, 0, 2, 2, 4] + [5] * 4 + [9] * 4 + [13] * 4
    np.testing.assert_array_equal(history["train/held"], held)
    new = [1.0 if i == 0 or held[i] != held[i - 1] else 0.0 for i in range(17)]
    np.testing.assert_array_equal(history["train/learning_rate"], new)
    assert len(set(history["train/noise"].tolist())) == len(set(held))


def test_a_phase_that_cannot_go_on_hands_over_and_says_why(key):
    """The regression is linear with exact data: Levenberg-Marquardt arrives, and Adam makes the steps that are left."""
    phases = Phases(60, [Phase(levenberg_marquardt(40, tolerance=1e-10), 40), Phase(adam(20, 1e-6), 20)])
    fitted = train(key, phases, 60)
    first, second = fitted.phases
    assert first.last < 40 and first.reason == "the gradient is within its tolerance"
    assert (second.first, second.last, second.reason) == (first.last, first.last + 20, None)
    assert fitted.steps == second.last == len(fitted.history["train/loss"])
    assert fitted.compilations <= 3
    assert distance(fitted.model) < 1e-3


def test_a_run_whose_phases_are_over_is_evaluated_saved_and_complete(tmp_path, key):
    optimizer = levenberg_marquardt(60, tolerance=1e-10)
    fitted = train(key, optimizer, 60, folder=tmp_path)
    assert fitted.steps < 60 and distance(fitted.model) < 1e-8
    assert saved_steps(tmp_path / "checkpoints")[-1] == fitted.steps == fitted.evaluations[-1]["step"]
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, fitted.steps + 1))
    before = (tmp_path / "metrics.jsonl").read_bytes()
    again = train(key, optimizer, 60, folder=tmp_path, resume=True)
    assert again.steps == fitted.steps and again.phases == fitted.phases
    assert (tmp_path / "metrics.jsonl").read_bytes() == before


def test_a_stop_is_shown(capsys, key):
    train(key, levenberg_marquardt(60, tolerance=1e-10), 60, progress=True)
    said = [line for line in capsys.readouterr().err.splitlines() if "stopped" in line]
    assert len(said) == 1 and "phase 1 stopped: the gradient is within its tolerance" in said[0]


SLOW = pytest.mark.slow


@pytest.mark.parametrize("cut", [pytest.param(7, marks=SLOW), 14, pytest.param(22, marks=SLOW)])
def test_resumed_run_in_phases_is_the_uninterrupted_one(tmp_path, key, cut):
    """Cut in Adam, in the quasi-Newton phase, and after its batch changed: all arrays are the same bits."""

    def run(folder, steps, resume=False):
        phases = Phases(26, [Phase(adam(10, 0.05), 10), Phase(ssbroyden, hold=8)])
        return train(key, phases, steps, LeastSquares(offset=0.3), folder, resume=resume, checkpoint_every=cut)

    whole = run(tmp_path / "whole", 26)
    run(tmp_path / "cut", cut)
    resumed = run(tmp_path / "cut", 26, resume=True)
    assert whole.phases == resumed.phases
    for a, b in zip(jax.tree.leaves(whole.model), jax.tree.leaves(resumed.model), strict=True):
        np.testing.assert_array_equal(a, b)
    losses = whole.history["train/loss"]
    np.testing.assert_array_equal(losses[cut:], resumed.history["train/loss"])


def test_plain_optax_searches_run_on_tasks_with_residuals(key):
    assert distance(train(key, optax.lbfgs(), 30, LeastSquares(64)).model) < 1e-6


def test_quasi_newton_holds_its_batch_for_the_whole_run_where_it_is_not_told(key):
    fitted = train(key, ssbroyden(40, tolerance=1e-9), 40)
    assert np.all(np.diff(fitted.history["train/loss"]) < 0)
    assert fitted.phases[0].reason == "the gradient is within its tolerance"


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        (lambda: Phase(ssbroyden, steps=0), "steps=0"),
        (lambda: Phase(ssbroyden, steps=1.5), "steps=1.5"),
        (lambda: Phase(ssbroyden, hold=0), "got 0"),
        (lambda: Phases(10, []), "at least one Phase"),
        (lambda: Phases(10, [Phase(ssbroyden), Phase(ssbroyden)]), "at most one"),
        (lambda: Phases(10, [Phase(ssbroyden, 10), Phase(ssbroyden)]), "10 steps"),
        (lambda: Phases(10, [Phase(ssbroyden, 6), Phase(ssbroyden, 5)]), "fit into the run"),
    ],
)
def test_unusable_phases_are_refused(phases, said):
    with pytest.raises(TrainingArgumentError, match=said):
        phases()


def test_reasons_in_single_precision_advise_double():
    for reason in StopReason:
        words = in_words(reason, jnp.float32)
        advises = words is not None and "try float64" in words
        assert advises == (reason in (StopReason.SMALL_STEP, StopReason.LINE_SEARCH, StopReason.TRUST_REGION))
        assert "float64" not in (in_words(reason, jnp.float64) or "")
