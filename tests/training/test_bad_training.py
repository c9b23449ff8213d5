"""What goes wrong is said in one paragraph, and what was saved before stays intact."""

import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.linear_regression import Linear, Regression

from neuralpde.data import Dataset
from neuralpde.spaces import Box, Field, FunctionSpace, Sample
from neuralpde.training import (
    CheckpointError,
    CheckpointMismatch,
    OperatorTask,
    TrainingArgumentError,
    TrainingDiverged,
    adamw,
    fit,
    restore_model,
    sgd,
)
from neuralpde.training.checkpoint import saved_steps


def train(folder, key, model=None, task=None, optimizer=None, steps=20, resume=False, **options):
    return fit(
        model or Linear(), task or Regression(), optimizer or adamw(40, 0.05), steps=steps, key=key, steps_per_call=5,
        folder=folder, resume=resume, evaluate_every=10, progress=False, **options,
    )  # fmt: skip


class Poisoned(Regression):
    """Its loss is not a number from a step on, which the batch tells."""

    def __init__(self, poison):
        super().__init__()
        cloud, self.poison = self.batches, poison

        class Counting(type(cloud)):
            def batch(self, step, key):
                x, y = super().batch(step, key)
                return jnp.where(step >= poison, jnp.nan, x), y

        self.batches = Counting(cloud.x, cloud.y, cloud.batch_size)


@pytest.mark.parametrize("steps_per_call", [1, 4])
def test_divergence_stops_at_its_step_and_keeps_what_was_good(tmp_path, key, steps_per_call):
    with pytest.raises(TrainingDiverged, match="learning_rate") as diverged:
        fit(
            Linear(), Poisoned(26), adamw(40, 0.05), steps=40, key=key, steps_per_call=steps_per_call, folder=tmp_path,
            evaluate_every=10, progress=False,
        )  # fmt: skip
    assert diverged.value.step == 27  # steps are counted from one where they are told
    assert diverged.value.checkpoint == 20 == saved_steps(tmp_path / "checkpoints")[-1]
    model = restore_model(tmp_path / "checkpoints", Linear(), "last")
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(model))
    assert (tmp_path / "metrics.jsonl").read_text().splitlines()[-1].count("null") >= 1


def test_far_too_large_rate_diverges(key):
    with pytest.raises(TrainingDiverged) as diverged:
        train(None, key, optimizer=sgd(400, 50.0), steps=400)
    assert diverged.value.checkpoint is None


@pytest.mark.parametrize(
    "other, said",
    [
        ({"model": Linear(4)}, r"weight is float64\[3,2\] in the checkpoint and float64\[4,2\] here"),
        ({"optimizer": sgd(40, 0.1)}, "another optimiser"),
        ({"ema": 0.9}, "ema of the first run"),
    ],
)
def test_checkpoint_of_another_run_is_refused(tmp_path, key, other, said):
    train(tmp_path, key)
    saved = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    with pytest.raises(CheckpointMismatch, match=said):
        train(tmp_path, key, steps=40, resume=True, **other)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == saved


def test_used_folder_is_not_written_over(tmp_path, key):
    train(tmp_path, key)
    before = (tmp_path / "metrics.jsonl").read_bytes()
    with pytest.raises(CheckpointError, match="holds a run already"):
        train(tmp_path, key)
    assert (tmp_path / "metrics.jsonl").read_bytes() == before


def test_damaged_checkpoint_is_named_with_the_way_out(tmp_path, key):
    train(tmp_path, key)
    step = tmp_path / "checkpoints" / "20"
    for path in (step / "model").rglob("*"):
        if path.is_file() and path.stat().st_size > 0:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CheckpointError, match=r"20 cannot be read .*delete it to use that of step 10"):
        restore_model(tmp_path / "checkpoints", Linear(), "last")
    shutil.rmtree(step)
    assert isinstance(restore_model(tmp_path / "checkpoints", Linear(), "last"), Linear)


@pytest.mark.parametrize("content", ["", "{", '{"schema_version": 99, "model": {}, "training": {}}'])
def test_damaged_description_is_named(tmp_path, key, content):
    train(tmp_path, key)
    (tmp_path / "checkpoints" / "metadata.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"metadata\.json"):
        restore_model(tmp_path / "checkpoints", Linear())


@pytest.mark.parametrize("which, said", [("3", "one of the steps"), (7, r"\[10, 20\]")])
def test_checkpoint_that_does_not_exist_is_named(tmp_path, key, which, said):
    train(tmp_path, key)
    with pytest.raises(CheckpointError, match=said):
        restore_model(tmp_path / "checkpoints", Linear(), which)
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        restore_model(tmp_path, Linear())


@pytest.mark.parametrize(
    "wrong, said", [({"loss": "l2"}, "relative_l2"), ({"compute": "fp8"}, "bfloat16")], ids=["loss", "dtype"]
)
def test_unknown_names_of_an_operator_task_are_refused(wrong, said):
    space = FunctionSpace(Box.cube(1))
    fields = Field.stack(np.ones((4, 8, 1)), space.domain.grid(8), space)
    dataset = Dataset("ones", Sample(fields, fields, {}), None, {}, {})
    with pytest.raises(TrainingArgumentError, match=said):
        OperatorTask(dataset, **wrong)
