"""Disks that fill up while a run writes: the error says where, and what was written before stays good."""

import resource
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest
from training.linear_regression import Regression

from neuralpde.errors import NeuralPDEError
from neuralpde.training import CheckpointError, adamw, fit, restore_model
from neuralpde.training.checkpoint import saved_steps
from neuralpde.training.metrics_log import MetricsLog

# orbax drops the loop of its thread when a write fails.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Large(eqx.Module):
    """Incompressible parameters of 400 kB."""

    weight: jax.Array
    bulk: jax.Array

    def __init__(self):
        self.weight, self.bulk = jnp.zeros((3, 2)), jax.random.normal(jax.random.key(1), (50_000,))

    def __call__(self, x):
        return x @ self.weight + jnp.mean(self.bulk)


class Task(Regression):
    """From its evaluation number ``full`` on no file may grow larger than 100 kB: real writes fail, not mocked ones."""

    monitor = None
    full = None
    folder = None

    def evaluate(self, model):
        self.evaluated += 1
        if self.evaluated == self.full:
            while len(saved_steps(self.folder / "checkpoints")) < self.full - 1:
                time.sleep(0.01)  # the earlier checkpoints are written in the background
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        return {}


@pytest.fixture(autouse=True)
def unlimited():
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def train(folder, key, steps=40, full=None, resume=False):
    task = Task()
    task.full, task.folder = full, folder
    return fit(
        Large(), task, adamw(40, 0.05), steps=steps, key=key, steps_per_call=5, evaluate_every=10, folder=folder,
        resume=resume, progress=False, tensorboard=False,
    )  # fmt: skip


def test_checkpoint_that_fails_while_it_is_written_leaves_the_earlier_ones(tmp_path, key, capfd, caplog):
    whole, before = train(tmp_path / "whole", key), train(tmp_path / "before", key, steps=20)
    with pytest.raises(
        CheckpointError, match=r"step 30 .*File too large.* 10, 20 are intact.* from step 20 with resume"
    ):
        train(tmp_path / "cut", key, full=3)
    checkpoints = tmp_path / "cut" / "checkpoints"
    assert saved_steps(checkpoints) == [10, 20]
    assert eqx.tree_equal(restore_model(checkpoints, Large(), "last"), before.model)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert eqx.tree_equal(train(tmp_path / "cut", key, resume=True).model, whole.model)
    assert not list(checkpoints.glob("*tmp*"))
    assert "Traceback" not in "".join(capfd.readouterr()) + caplog.text


def test_first_checkpoint_that_fails_says_that_there_is_none(tmp_path, key):
    with pytest.raises(CheckpointError, match="there is none yet"):
        train(tmp_path, key, full=1)


@pytest.mark.parametrize("name", ["run", "run/checkpoints", "run/metrics.jsonl/x"])
def test_folder_that_cannot_be_written_is_named(tmp_path, key, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a file where a folder should be, or a folder where a file should be")
    with pytest.raises(NeuralPDEError, match="/run/"):
        train(tmp_path / "run", key)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_metrics_on_a_full_disk_say_so(tmp_path):
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    with pytest.raises(NeuralPDEError, match="free some space"), MetricsLog(tmp_path, tensorboard=False) as log:
        log.write([{"step": 1, "train/loss": 1.0}])
