"""A sweep from the command line: one run each, in one folder, and a comparison."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

SMALL = [
    *("dataset.train=16", "dataset.test=4", "dataset.test_resolutions=[]", "trainer.steps_per_call=1"),
    *("trainer.steps=2", "trainer.progress=false", "evaluation.plots=false", "evaluation.report=false"),
    *("model.width=4", "model.depth=1"),
]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """A sweep over the three models, with no word about their channels: what it printed, and where it ran."""
    folder = tmp_path_factory.mktemp("sweep")
    command = [sys.executable, "-m", "neuralpde", "train", "-m", "model=mgno,deeponet,fno", "dataset=darcy", *SMALL]
    environment = os.environ | {"NEURALPDE_DATASETS": str(folder / "datasets")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, folder


def test_every_model_has_its_run(sweep):
    printed, folder = sweep
    runs = [line.removeprefix("run: ") for line in printed.splitlines() if line.startswith("run: ")]
    assert len(set(runs)) == 3 and runs[-1] == runs[-2]
    errors = [json.loads((folder / run / "results.json").read_text())["test/relative_l2"] for run in runs[:3]]
    assert len(set(errors)) == 3 and all(0 < error < 2 for error in errors)


def test_the_comparison_says_in_what_runs_differ(sweep):
    printed, _ = sweep
    table = printed[printed.index("Runs of this sweep") :]
    assert all(f"model={name}" in table for name in ("mgno", "deeponet", "fno"))
    assert "trainer.steps" not in table
