"""``neuralpde train`` on the files of every reader, as it is called; ``-m slow -s`` prints what came out."""

import json

import pytest
from foreign_options import WRITERS

from neuralpde.cli.application import run

pytestmark = pytest.mark.slow

STEPS = 60
QUICK = [
    *("model=deeponet", f"trainer.steps={STEPS}", "trainer.progress=false", "trainer.tensorboard=false"),
    *("task.batch_size=2", "optimizer.learning_rate=3e-3", "evaluation.batch_size=1"),
]


@pytest.mark.parametrize("name", WRITERS)
def test_option_trains_by_the_command_alone(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    write, overrides = WRITERS[name]
    write(tmp_path / "data.npz")
    sizes = [f"dataset.{key}={value}" for key, value in overrides.items() if _has(name, key)]
    arguments = [f"dataset={name}", f"dataset.path={tmp_path / 'data.npz'}", *sizes, *QUICK]
    assert run(["train", *arguments, "folder=run"]) == 0, capfd.readouterr().err
    records = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    losses = [record["train/loss"] for record in records if "train/loss" in record]
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    with capfd.disabled():
        held_out = results.get("test/relative_l2", float("nan"))
        print(f"{name}: loss {losses[0]:.3f} -> {losses[-1]:.3f} after {STEPS} steps, held out {held_out:.3f}")
    assert losses[-1] < losses[0]
    assert (tmp_path / "run" / "report.html").stat().st_size > 0


def _has(name: str, key: str) -> bool:
    """Whether the option has this key at the top of its configuration, or below ``pairs``."""
    from neuralpde.cli.catalogue import conf_folder

    return f"{key.rpartition('.')[-1]}:" in (conf_folder() / "dataset" / f"{name}.yaml").read_text()
