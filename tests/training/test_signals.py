"""Ctrl-C and SIGTERM are wishes that `fit` fulfils between two calls, and never lose what was learned."""

import json
import os
import signal
import threading

import jax
import numpy as np
import pytest
from training.linear_regression import Linear, Regression

from neuralpde.errors import NeuralPDEError
from neuralpde.training import TrainingInterrupted, adamw, fit
from neuralpde.training.checkpoint import saved_steps
from neuralpde.training.failures import TrainingDiverged
from neuralpde.training.signals import StopRequests

STEPS = 24


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_is_noted_and_the_second_interrupts(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), StopRequests() as stop:
        assert stop.received is None
        os.kill(os.getpid(), number)
        assert stop.received is number
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_nothing_is_watched_outside_of_the_main_thread():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with StopRequests() as stop:
            seen.extend([stop.received, signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None, before]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_exit_code_is_that_of_a_shell(number, code):
    assert TrainingInterrupted("stopped", number, None).exit_code == code


def test_failures_are_errors_that_a_user_can_mend():
    diverged = TrainingDiverged("diverged", 7, None)
    assert isinstance(diverged, NeuralPDEError) and (diverged.step, diverged.checkpoint) == (7, None)


class Stopped(Regression):
    """Its evaluation number ``at`` is interrupted, or its training call that ends at step ``at``."""

    def __init__(self, at=None, evaluation=None):
        super().__init__(noise=0.1)
        self.at, self.evaluation = at, evaluation

    def evaluate(self, model):
        if self.evaluated == self.evaluation:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().evaluate(model)


def train(folder, key, task, resume=False, monkeypatch=None):
    if monkeypatch is not None:
        interrupt_after(task.at, monkeypatch)
    return fit(
        Linear(), task, adamw(STEPS, 0.3), steps=STEPS, key=key, steps_per_call=4, evaluate_every=8, ema=0.5,
        folder=folder, resume=resume, progress=False, tensorboard=False,
    )  # fmt: skip


def interrupt_after(step, monkeypatch):
    """A signal arrives while the call that ends at ``step`` runs."""
    from neuralpde.training.run import Run

    advance = Run.advance

    def interrupted(run, count):
        call = advance(run, count)
        if run.step == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return call

    monkeypatch.setattr(Run, "advance", interrupted)


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("step", [4, 8, *(pytest.param(step, marks=pytest.mark.slow) for step in (20, 24))])
def test_run_stopped_anywhere_goes_on_to_the_same_end(tmp_path, key, step, monkeypatch):
    """Also at steps 8 and 24, where an evaluation is due: it is neither lost nor made twice."""
    whole = train(tmp_path / "whole", key, Regression(noise=0.1))
    with monkeypatch.context() as patch, pytest.raises(TrainingInterrupted) as stopped:
        train(tmp_path / "cut", key, Stopped(step), monkeypatch=patch)
    assert stopped.value.result.steps == step == saved_steps(tmp_path / "cut" / "checkpoints")[-1]
    cut = train(tmp_path / "cut", key, Regression(noise=0.1), resume=True)
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")
    assert (cut.best_step, cut.best_value) == (whole.best_step, whole.best_value)
    for a, b in zip(jax.tree.leaves(whole.best_model), jax.tree.leaves(cut.best_model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_signal_during_the_last_evaluation_is_not_swallowed(tmp_path, key):
    with pytest.raises(TrainingInterrupted) as stopped:
        train(tmp_path, key, Stopped(evaluation=2))
    assert stopped.value.result.steps == STEPS
    assert saved_steps(tmp_path / "checkpoints")[-1] == STEPS and len(lines(tmp_path)) == STEPS


def test_interrupted_run_without_a_folder_still_gives_its_model_back(key, monkeypatch):
    with pytest.raises(TrainingInterrupted, match="nothing was saved") as stopped:
        train(None, key, Stopped(12), monkeypatch=monkeypatch)
    result = stopped.value.result
    assert result.steps == 12 == len(result.history["train/loss"])
    assert np.abs(result.model.weight).max() > 0
