"""A generation that was killed and started again ends with the file of one that was not, byte by byte."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import neuralpde

pytestmark = pytest.mark.slow

CHUNK, TRAIN, TEST = 8, 80, 8
ARGUMENTS = [
    *("dataset=burgers", "dataset.resolution=64", f"dataset.train={TRAIN}", f"dataset.test={TEST}"),
    *(f"+dataset.chunk={CHUNK}", "dataset.solver.step=4e-4", "+dataset.progress=false"),
]


def test_killed_at_sixty_percent(tmp_path):
    root = Path(neuralpde.__file__).parents[1]
    shared = os.environ | {
        "PYTHONPATH": str(root),
        "XLA_FLAGS": "",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "0",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    command = [sys.executable, "-m", "neuralpde", "generate", *ARGUMENTS]

    def arguments(name):
        return {"cwd": tmp_path, "env": shared | {"NEURALPDE_DATASETS": str(tmp_path / name)}, "text": True}

    subprocess.run(command, check=True, **arguments("whole"))

    killed = subprocess.Popen(command, **arguments("cut"))
    while killed.poll() is None and len(parts(tmp_path / "cut")) < 0.6 * TRAIN / CHUNK:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert killed.returncode == -signal.SIGKILL, "the generation ended before it could be killed"
    assert not list((tmp_path / "cut").glob("*.hdf5"))
    assert len(parts(tmp_path / "cut")) >= 0.6 * TRAIN / CHUNK

    subprocess.run(command, check=True, **arguments("cut"))
    whole, cut = (next((tmp_path / name).glob("*.hdf5")) for name in ("whole", "cut"))
    assert whole.read_bytes() == cut.read_bytes()
    assert [path.name for path in (tmp_path / "cut").iterdir()] == [cut.name]


def parts(folder: Path) -> list[Path]:
    """Finished parts of the training set."""
    return list(folder.glob("*.parts/train-*.npz"))
