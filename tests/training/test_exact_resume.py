"""A run that was stopped and goes on ends as one that was not: parameters, optimiser, metrics, best model."""

import json
import os
import signal

import jax
import numpy as np
import pytest
from training.linear_regression import Linear, Regression

from neuralpde.training import TrainingInterrupted, adamw, fit, muon, restore_model
from neuralpde.training.checkpoint import saved_steps

STEPS = 60


def train(folder, key, steps=STEPS, resume=False, ema=None, task=None, optimizer=None):
    task = task or Regression(noise=0.1)
    optimizer = optimizer or adamw(STEPS, 0.05)
    return fit(
        Linear(), task, optimizer, steps=steps, key=key, steps_per_call=4, folder=folder, resume=resume, ema=ema,
        evaluate_every=12, checkpoint_every=20, progress=False,
    )  # fmt: skip


def leaves(model):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(model)]


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def assert_same(whole, cut):
    for a, b in zip(leaves(whole), leaves(cut), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("optimizer", [adamw(STEPS, 0.05), muon(STEPS, 0.05)], ids=["adamw", "muon"])
@pytest.mark.parametrize("ema", [pytest.param(None, marks=pytest.mark.slow), 0.9])
def test_resumed_run_is_the_uninterrupted_one(tmp_path, key, ema, optimizer):
    whole = train(tmp_path / "whole", key, ema=ema, optimizer=optimizer)
    train(tmp_path / "cut", key, steps=24, ema=ema, optimizer=optimizer)
    cut = train(tmp_path / "cut", key, resume=True, ema=ema, optimizer=optimizer)
    assert_same(whole.model, cut.model)
    assert_same(whole.best_model, cut.best_model)
    assert (whole.best_step, whole.best_value) == (cut.best_step, cut.best_value)
    assert lines(tmp_path / "whole") == lines(tmp_path / "cut")
    assert [line["step"] for line in lines(tmp_path / "cut")] == list(range(1, STEPS + 1))


@pytest.mark.slow
def test_key_of_the_checkpoint_counts(tmp_path, key):
    whole = train(tmp_path / "whole", key)
    train(tmp_path / "cut", key, steps=20)
    assert_same(whole.model, train(tmp_path / "cut", jax.random.key(99), resume=True).model)


def test_resuming_a_finished_run_changes_nothing(tmp_path, key):
    whole = train(tmp_path, key)
    before = (tmp_path / "metrics.jsonl").read_bytes()
    again = train(tmp_path, key, resume=True)
    assert_same(whole.model, again.model)
    assert again.steps == STEPS and (tmp_path / "metrics.jsonl").read_bytes() == before


def test_resume_without_a_checkpoint_starts(tmp_path, key):
    assert_same(train(None, key).model, train(tmp_path, key, resume=True).model)


class Interrupting(Regression):
    """Sends a signal to its own process when it is evaluated first."""

    number = signal.SIGTERM

    def evaluate(self, model):
        if not self.evaluated:
            os.kill(os.getpid(), self.number)
        return super().evaluate(model)


@pytest.mark.parametrize(
    "number, code", [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)]
)
def test_signal_saves_and_the_run_goes_on_exactly(tmp_path, key, number, code):
    whole = train(tmp_path / "whole", key)
    task = Interrupting(noise=0.1)
    task.number = number
    handlers = signal.getsignal(number)
    with pytest.raises(TrainingInterrupted, match="resume") as stopped:
        train(tmp_path / "cut", key, task=task)
    assert stopped.value.exit_code == code
    assert 12 <= stopped.value.result.steps < STEPS
    assert saved_steps(tmp_path / "cut" / "checkpoints")[-1] == stopped.value.result.steps
    assert signal.getsignal(number) is handlers
    assert_same(whole.model, train(tmp_path / "cut", key, resume=True).model)
    assert [line["step"] for line in lines(tmp_path / "cut")] == list(range(1, STEPS + 1))


def test_second_signal_interrupts_at_once(tmp_path, key):
    class Impatient(Interrupting):
        def evaluate(self, model):
            os.kill(os.getpid(), self.number)
            return super().evaluate(model)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, key, task=Impatient())


def test_best_and_last_checkpoints_are_kept_and_given_back(tmp_path, key):
    fitted = train(tmp_path, key)
    checkpoints = tmp_path / "checkpoints"
    assert_same(restore_model(checkpoints, Linear(), "last"), fitted.model)
    assert_same(restore_model(checkpoints, Linear(), "best"), fitted.best_model)
    assert_same(restore_model(checkpoints, Linear(), fitted.best_step), fitted.best_model)
    assert len(saved_steps(checkpoints)) <= 3


def test_typed_and_empty_arrays_survive(tmp_path, key):
    """The checkpoint of a model with a key, an empty array and several dtypes."""
    from neuralpde.training.checkpoint import Checkpoints

    model = {"key": key, "empty": np.zeros((0, 3)), "small": np.float32([1.5]), "count": np.int32(7)}
    model = jax.tree.map(jax.numpy.asarray, model)
    with Checkpoints(tmp_path / "c") as checkpoints:
        checkpoints.save(3, model, {"step": jax.numpy.asarray(3)})
    back = restore_model(tmp_path / "c", model)
    assert jax.random.key_data(back.pop("key")).tolist() == jax.random.key_data(model.pop("key")).tolist()
    for name, leaf in model.items():
        assert back[name].dtype == leaf.dtype and back[name].shape == leaf.shape
        np.testing.assert_array_equal(back[name], leaf)
