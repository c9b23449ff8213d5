"""``neuralpde benchmark``: a suite becomes runs, tables and pictures, once."""

import json
import signal

import pytest
import yaml

from neuralpde.cli import train
from neuralpde.cli.application import run
from neuralpde.cli.benchmark import _cells, _composed, _repeatable
from neuralpde.cli.building import check_slots
from neuralpde.cli.catalogue import conf_folder
from neuralpde.cli.schema import register
from neuralpde.evaluation import read_record
from neuralpde.training import TrainingInterrupted

SUITE = """
title: Two small models
problems:
  darcy:
    title: Darcy flow on few points
    arguments: [dataset=darcy, dataset.resolution=16, dataset.train=8, dataset.test=4, "dataset.test_resolutions=[8]",
      task.batch_size=4, trainer.steps=2, trainer.progress=false, trainer.tensorboard=false, evaluation.plots=false,
      evaluation.report=false]
    resolutions: ["8"]
    training: "16"
    seeds: [0, 1]
    models:
      MgNO: [model=mgno, model.width=4, model.depth=1, model.levels=2]
      DeepONet: [model=deeponet, model.width=4, model.depth=1, model.basis=4]
    published:
      - {model: FNO, value: 0.0108, protocol: elsewhere}
"""
LONG_SUITES = ("operators_cpu", "pinn_cpu", "pinnacle")
SUITES = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in LONG_SUITES else [])
    for path in sorted((conf_folder() / "suite").glob("*.yaml"))
]


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Runs the suite, changed by a function of its text; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURALPDE_DATASETS", str(tmp_path / "datasets"))

    def start(*arguments, text=SUITE):
        (tmp_path / "own" / "suite").mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / "suite" / "two.yaml").write_text(text)
        return run(["benchmark", "suite=two", "folder=done", *arguments, "--config-dir", "own"])

    return start


def test_a_suite_becomes_a_table_and_is_not_measured_twice(suite, tmp_path, capsys):
    assert suite("record=records") == 0
    done = tmp_path / "done"
    written = {path: path.stat().st_mtime_ns for path in done.glob("darcy/*/results.json")}
    assert {path.parent.name for path in written} == {f"{m}_seed{s}" for m in ("MgNO", "DeepONet") for s in (0, 1)}
    record = read_record(tmp_path / "records" / "benchmark_two.json")
    (table,) = record.tables
    assert record.seeds == (0, 1)
    assert [row[0] for row in table.rows][2:] == ["FNO (published)"]
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    for model in ("MgNO", "DeepONet"):
        results = [json.loads((done / "darcy" / f"{model}_seed{s}" / "results.json").read_text()) for s in (0, 1)]
        errors = [result["test/relative_l2"] for result in results]
        assert rows[model]["error"] == pytest.approx(sum(errors) / 2)
        assert rows[model]["spread"] == pytest.approx(abs(errors[0] - errors[1]) / 2**0.5)
        assert rows[model]["worst"] == max(errors)
        assert rows[model]["at 8"] == pytest.approx(sum(result["test/relative_l2@8"] for result in results) / 2)
        assert rows[model]["convergent"] == {"MgNO": "no", "DeepONet": "yes"}[model]
        assert rows[model]["parameters"] == results[0]["model/parameters"]
    assert (tmp_path / "records" / table.picture).read_bytes().startswith(b"\x89PNG")
    assert "Darcy flow on few points" in capsys.readouterr().out

    assert suite("resume=true", "run=done") == 0
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_one_failure_does_not_stop_the_others(suite, capsys, tmp_path):
    broken = SUITE.replace("model.levels=2", "model.levels=9").replace("seeds: [0, 1]", "seeds: [0]")
    assert suite(text=broken) == 1
    said = capsys.readouterr()
    assert "1 of 2 trainings failed: darcy/MgNO" in said.err and "levels=9" in said.err
    assert (tmp_path / "done" / "darcy" / "DeepONet_seed0" / "results.json").is_file()


@pytest.mark.parametrize(
    "arguments, text, words",
    [
        (["problems=[dracy]"], SUITE, "no 'dracy' among its problems. Did you mean 'darcy'"),
        (["models=[MgN]"], SUITE, "no 'MgN' among its models"),
        ([], SUITE.replace("model=mgno", "model=mgn"), "MgNO on darcy: There is no model 'mgn'"),
        ([], SUITE.replace("title: Two", "titel: Two"), "titel"),
    ],
)
def test_mistakes_are_found_before_anything_is_trained(suite, capsys, tmp_path, arguments, text, words):
    assert suite(*arguments, text=text) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "done" / "darcy").exists()


@pytest.mark.parametrize("path", SUITES)
def test_every_training_of_a_suite_can_be_composed(path):
    register()
    suite = yaml.safe_load(path.read_text(encoding="utf-8"))
    cells = list(
        _cells({name: {"seeds": [0], "verb": "train", **problem} for name, problem in suite["problems"].items()}, None)
    )
    assert len(cells) >= 2
    for cell in cells:
        check_slots(_composed(cell, []))


def test_a_signal_stops_the_suite_and_the_rest_is_left_for_later(suite, tmp_path, monkeypatch):
    def interrupted(config, folder):
        raise TrainingInterrupted("SIGINT stopped the training.", signal.SIGINT, None)

    monkeypatch.setattr(train, "train", interrupted)
    with pytest.raises(SystemExit) as stopped:
        suite()
    assert stopped.value.code == 128 + signal.SIGINT
    assert not (tmp_path / "done" / "record.json").exists()


def test_recorded_commands_name_no_folder_of_this_machine():
    command = "neuralpde benchmark suite=operators_cpu run=/some/where resume=true record=elsewhere folder=here"
    assert _repeatable(command) == "neuralpde benchmark suite=operators_cpu resume=true"
