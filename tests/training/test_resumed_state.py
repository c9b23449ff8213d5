"""All that a run is made of survives a checkpoint: bit by bit, for every optimiser, whatever lies about in its folder."""

import json
import pickle

import equinox as eqx
import jax
import numpy as np
import optax
import pytest
from training.linear_regression import Linear, Regression

from neuralpde.training import TrainingDiverged, adabelief, adam, adamw, fit, lion, muon, restore_model, sgd
from neuralpde.training.checkpoint import Checkpoints, best_saved, saved_steps
from neuralpde.training.run import Run

OPTIMIZERS = {
    "adam": adam(40, 0.05),
    "adamw": adamw(40, 0.05, clip=1.0),
    "adabelief": adabelief(40, 0.01),
    "lion": lion(40, 0.01),
    "muon": muon(40, 0.05),
    "sgd": sgd(40, 0.05),
    "injected": optax.inject_hyperparams(optax.adam)(optax.cosine_decay_schedule(0.05, 40)),
    "plateau": optax.chain(optax.adam(0.05), optax.contrib.reduce_on_plateau(patience=2)),
}


def bits(tree):
    keys = jax.tree.map(
        lambda a: jax.random.key_data(a) if jax.dtypes.issubdtype(a.dtype, jax.dtypes.prng_key) else a, tree
    )
    return [np.asarray(leaf) for leaf in jax.tree.leaves(keys)]


def started(name, ema, key):
    run = Run(Linear(), Regression(noise=0.1), OPTIMIZERS[name], key, ema, None)
    run.compile(5)
    return run


@pytest.mark.parametrize("ema", [None, 0.9])
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_state_after_a_resume_is_that_of_the_uninterrupted_run(tmp_path, name, ema, key):
    run = started(name, ema, key)
    run.advance(5)
    run.advance(3)
    with Checkpoints(tmp_path) as checkpoints:
        run.save(checkpoints, None)
        run.advance(5)
    resumed = Run(Linear(), Regression(noise=0.1), OPTIMIZERS[name], jax.random.key(1), ema, None)
    with Checkpoints(tmp_path) as checkpoints:
        resumed.resume(checkpoints)
    assert resumed.step == 8
    resumed.compile(5)
    resumed.advance(5)
    ours, theirs = bits(run._state), bits(resumed._state)
    assert len(ours) == len(theirs) > 5
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def train(folder, key, steps=40, resume=False, optimizer=None, **options):
    options = {"steps_per_call": 5, "evaluate_every": 10} | options
    return fit(
        Linear(), Regression(noise=0.1), optimizer or adamw(40, 0.05), steps=steps, key=key, folder=folder,
        resume=resume, progress=False, tensorboard=False, **options,
    )  # fmt: skip


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_run_may_go_on_in_calls_of_another_length(tmp_path, key):
    whole = train(tmp_path / "whole", key)
    train(tmp_path / "cut", key, steps=10)
    cut = train(tmp_path / "cut", key, resume=True, steps_per_call=3, checkpoint_every=7)
    assert eqx.tree_equal(whole.model, cut.model)
    assert lines(tmp_path / "whole") == lines(tmp_path / "cut")


def test_what_a_killed_run_left_half_written_is_passed_over(tmp_path, key):
    """A checkpoint under its temporary name, lines of metrics past the checkpoint, one of them cut in two."""
    whole = train(tmp_path / "whole", key)
    train(tmp_path / "cut", key, steps=20)
    checkpoints = tmp_path / "cut" / "checkpoints"
    unfinished = checkpoints / "30.orbax-checkpoint-tmp" / "model"
    unfinished.mkdir(parents=True)
    (unfinished / "data").write_bytes(b"half")
    with open(tmp_path / "cut" / "metrics.jsonl", "a") as file:
        file.write('{"step": 21, "train/loss": 1.0}\n{"step": 22, "tra')
    assert saved_steps(checkpoints) == [10, 20]
    cut = train(tmp_path / "cut", key, resume=True)
    assert eqx.tree_equal(whole.model, cut.model)
    assert lines(tmp_path / "whole") == lines(tmp_path / "cut")


def test_diverged_run_goes_on_from_its_last_good_checkpoint(tmp_path, key):
    train(tmp_path, key, steps=20)
    good = train(tmp_path / "calm", key)
    with pytest.raises(TrainingDiverged, match="step 20") as diverged:
        train(tmp_path, key, resume=True, optimizer=adamw(40, 1e300))
    assert diverged.value.checkpoint == 20 == saved_steps(tmp_path / "checkpoints")[-1]
    assert eqx.tree_equal(good.model, train(tmp_path, key, resume=True).model)
    assert [line["step"] for line in lines(tmp_path)] == list(range(1, 41))


def test_best_checkpoint_is_kept_though_it_is_old(tmp_path, key):
    """Ten steps down, and then up."""
    rough = sgd(40, momentum=0.0, schedule=lambda steps, peak: lambda step: 0.1 - 0.2 * (step >= 10))
    fitted = train(tmp_path, key, optimizer=rough, evaluate_every=5)
    checkpoints = tmp_path / "checkpoints"
    assert fitted.best_step == 10
    assert best_saved(checkpoints) == (10, fitted.best_value)
    assert saved_steps(checkpoints) == [10, 35, 40]
    assert eqx.tree_equal(restore_model(checkpoints, Linear(), "best"), fitted.best_model)


def test_restoring_unpickles_nothing(tmp_path, key, monkeypatch):
    fitted = train(tmp_path, key)

    def refuse(*arguments, **options):
        raise AssertionError("a checkpoint was unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    assert eqx.tree_equal(restore_model(tmp_path / "checkpoints", Linear(), "last"), fitted.model)


def test_model_is_restored_from_its_shapes_alone(tmp_path, key):
    fitted = train(tmp_path, key)
    shapes = eqx.filter_eval_shape(Linear)
    assert eqx.tree_equal(restore_model(tmp_path / "checkpoints", shapes, "last"), fitted.model)
