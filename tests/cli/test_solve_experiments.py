"""Experiments of ``neuralpde solve``: each is composed, trained for a few steps and measured."""

import json

import pytest

from neuralpde.cli.application import run
from neuralpde.cli.catalogue import conf_folder, options

SMALL = [
    "task.points=64",
    "task.boundary_points=16",
    "trainer.steps=2",
    "trainer.progress=false",
    "evaluation.plots=false",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", options(conf_folder())["experiment/pinn"])
def test_experiment_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["solve", f"experiment=pinn/{name}", *SMALL, "trainer.tensorboard=false", "folder=done"]) == 0
    results = json.loads((tmp_path / "done" / "results.json").read_text())
    assert 0 < results["test/relative_l2"] < 100
