"""A run that was killed and started again ends where an uninterrupted one ends, to the last bit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from omegaconf import OmegaConf

import neuralpde
from neuralpde.cli.folders import latest_run
from neuralpde.cli.jobs import resumed
from neuralpde.cli.refusal import UsageError

STEPS = 160
SMALL = [
    *("dataset.resolution=16", "dataset.train=32", "dataset.test=2", "dataset.test_resolutions=[8]"),
    *("model.width=4", "model.depth=1", "model.levels=2", "task.batch_size=8"),
    *(f"trainer.steps={STEPS}", "trainer.steps_per_call=4", "trainer.checkpoint_every=8"),
    *("evaluation.plots=false", "evaluation.report=false", "trainer.progress=false"),
]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "neuralpde", "train", *arguments]


def test_killed_run_resumes_to_the_same_parameters(tmp_path):
    root = Path(neuralpde.__file__).parents[1]
    environment = os.environ | {"NEURALPDE_DATASETS": str(tmp_path / "data"), "PYTHONPATH": str(root)}
    # The suite's eight devices are for sharding: one keeps this test to what it is about.
    environment |= {"XLA_FLAGS": "", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    arguments = {"cwd": tmp_path, "env": environment, "stdout": subprocess.PIPE, "text": True}
    subprocess.run(command("folder=whole", *SMALL), check=True, **arguments)

    killed = subprocess.Popen(command("folder=cut", *SMALL), **arguments)
    checkpoints = tmp_path / "cut" / "checkpoints"
    while killed.poll() is None and not saved_steps(checkpoints):
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL, "the run ended before it could be killed"
    assert not (tmp_path / "cut" / "results.json").exists()

    done = subprocess.run(command("run=cut", "resume=true"), check=True, **arguments)
    assert done.stdout.splitlines()[-1] == "run: cut"
    with jax.enable_x64(False):  # as the runs were
        whole, cut = (neuralpde.load_run(tmp_path / name, checkpoint="last") for name in ("whole", "cut"))
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(cut), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def saved_steps(checkpoints: Path) -> list[Path]:
    """Finished checkpoints below the folder of checkpoints: those whose name is a step."""
    try:
        return [path for path in checkpoints.rglob("*") if path.is_dir() and path.name.isdigit()]
    except FileNotFoundError:  # a folder was renamed while it was looked at
        return []


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def make(name: str, time: str, age: float) -> Path:
        folder = Path("outputs") / "2026-01-01" / time
        folder.mkdir(parents=True)
        OmegaConf.save({"name": name}, folder / "config.yaml")
        os.utime(folder / "config.yaml", (1e9 - age, 1e9 - age))
        return folder

    return make


def test_resume_without_a_folder_takes_the_latest_run_of_this_name(outputs):
    outputs("a", "10-00-00-a", age=20)
    newer = outputs("a", "11-00-00-a", age=10)
    outputs("b", "12-00-00-b", age=0)
    broken = Path("outputs/2026-01-01/13-00-00-a")
    broken.mkdir()
    (broken / "config.yaml").write_text("name: [a")
    assert latest_run("a") == newer
    assert latest_run("c") is None


def test_resumed_configuration_refuses_keys_that_no_training_has(outputs):
    folder = outputs("a", "10-00-00-a", age=0)
    OmegaConf.save({"name": "a", "traine": {}}, folder / "config.yaml")
    with pytest.raises(UsageError, match="'trainer'"):
        resumed("train", {"run": str(folder), "resume": True, "trainer": {"progress": False}}, ["run=x", "resume=true"])
