"""A run that learns to step in time: its folder, and the operator it gives back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny import tiny_config

import neuralpde
from neuralpde.cli.evaluate import evaluate
from neuralpde.cli.train import train
from neuralpde.operators import rollout

FRAMES = {"frames": 10, "start": 1.0, "validation": 2}


def config_of(folder, data, **task):
    overrides = ["dataset=kuramoto_sivashinsky", "dataset.pairs=null", "model=fno", "task=rollout"]
    changes = {"dataset": {**FRAMES, "folder": str(data)}, "evaluation": {"plots": True, "report": True}}
    return tiny_config(folder, overrides, task=task, **changes)


@pytest.mark.slow
def test_run_of_rollouts_is_complete_and_gives_back_its_operator(tmp_path):
    folder = tmp_path / "run"
    config = config_of(folder, tmp_path, history=2, horizon=2, stride=2, predict="difference")
    results, objects = train(config, folder)
    pictures = {path.name for path in (folder / "plots").iterdir()}
    assert pictures == {"error_growth.png", "learning_curve.png", "rollout.gif", "rollout.png", "rollout_spectra.png"}
    assert "data:image/gif;base64" in (folder / "report.html").read_text()
    assert {"test/relative_l2", "test/one_step_relative_l2", "test/correlation_time_0.8", "test/drift_mass"} <= set(
        results
    )
    assert objects["fit"].best_value is not None

    loaded = neuralpde.load_run(folder)
    assert loaded.source.names == ("u@-1", "u@0")
    states = jax.tree.map(lambda leaf: jnp.asarray(leaf)[0], objects["dataset"].test["16"].targets).field.values
    first = neuralpde.spaces.Field(
        jnp.concatenate([states[0], states[2]], -1), loaded.target.domain.grid(16), loaded.source
    )
    mine, theirs = (rollout(op, first, 3).field.values for op in (loaded, objects["operator"]))
    np.testing.assert_array_equal(mine, theirs)
    again, _ = evaluate({**config, "run": str(folder), "dataset": None}, folder)
    assert again["test/relative_l2"] == pytest.approx(results["test/relative_l2"], rel=1e-6)
