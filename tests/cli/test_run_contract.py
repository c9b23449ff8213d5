"""The folder of a run: complete, readable by others, and enough to give the operator back."""

import json
import shutil

import jax
import numpy as np
import pytest
from omegaconf import OmegaConf
from tiny import tiny_config

import neuralpde
from neuralpde.cli.evaluate import evaluate
from neuralpde.cli.refusal import UsageError
from neuralpde.cli.run_folder import open_run
from neuralpde.cli.train import train
from neuralpde.errors import NeuralPDEError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One tiny run with pictures: its folder, configuration, results and objects."""
    folder = tmp_path_factory.mktemp("contract") / "run"
    drawn = {"plots": True, "report": True}
    data = {"folder": str(tmp_path_factory.mktemp("data")), "test_resolutions": [8]}
    config = tiny_config(folder, ["model=mgno"], evaluation=drawn, dataset=data)
    results, objects = train(config, folder)
    return folder, config, results, objects


def values(operator, sample):
    return np.asarray(jax.vmap(operator)(sample.inputs).values)


def test_folder_holds_what_is_promised(run):
    folder, *_ = run
    for name in ("config.yaml", "environment.json", "metrics.jsonl", "results.json", "report.html"):
        assert (folder / name).stat().st_size > 0, name
    assert any((folder / "checkpoints").iterdir())
    assert {"samples.png", "learning_curve.png", "error_vs_resolution.png"} <= {
        path.name for path in (folder / "plots").iterdir()
    }


def test_results_are_flat_numbers_with_the_promised_keys(run):
    folder, _, results, _ = run
    written = json.loads((folder / "results.json").read_text())
    assert written == results
    assert all(isinstance(value, int | float) for value in written.values())
    promised = "test/relative_l2 test/relative_l2@8 train/samples_per_second train/steps train/seconds"
    assert {*promised.split(), "model/parameters"} <= set(written)


def test_saved_configuration_is_resolved_and_trains_the_same(run):
    folder, config, *_ = run
    saved = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"), resolve=False)
    assert "${" not in (folder / "config.yaml").read_text()
    assert saved == {key: value for key, value in config.items() if key not in ("folder", "resume", "run")}


def test_environment_names_versions_and_device(run):
    folder, *_ = run
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["versions"]["jax"] == jax.__version__
    assert environment["versions"]["neuralpde"] == neuralpde.__version__
    assert {"command", "device", "python", "commit"} <= set(environment)


def test_loaded_operator_equals_the_trained_one(run):
    folder, _, _, objects = run
    sample = objects["dataset"].test["16"]
    loaded = neuralpde.load_run(folder)
    np.testing.assert_array_equal(values(loaded, sample), values(objects["operator"], sample))


def test_loaded_operator_carries_its_normalizers(run):
    folder, _, _, objects = run
    inputs = objects["dataset"].train.inputs
    mean, _ = neuralpde.load_run(folder).input_normalizer.statistics.value
    np.testing.assert_allclose(mean, np.asarray(inputs.values).mean((0, 1, 2)), rtol=1e-5)


def test_a_moved_run_loads(run, tmp_path):
    folder, *_ = run
    shutil.copytree(folder, tmp_path / "moved")
    assert neuralpde.load_run(tmp_path / "moved").source == neuralpde.load_run(folder).source


def test_evaluate_finds_the_same_errors(run, tmp_path):
    folder, config, results, _ = run
    again = tmp_path / "run"
    shutil.copytree(folder, again)
    (again / "results.json").unlink()
    found, _ = evaluate({**config, "run": str(again), "dataset": None}, again)
    for key in ("test/relative_l2", "test/relative_l2@8", "test/relative_h1"):
        assert found[key] == pytest.approx(results[key], rel=1e-6)
    assert (again / "results.json").is_file()


def test_evaluate_on_another_dataset_leaves_the_run_as_it_was(run, tmp_path):
    folder, config, *_ = run
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    other = {**config["dataset"], "resolution": 8, "test_resolutions": []}
    results, _ = evaluate({**config, "run": str(folder), "dataset": other}, tmp_path / "elsewhere")
    assert "test/relative_l2" in results and "train/steps" not in results
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ({"_target_": "os.system", "_partial_": True}, "not allowed"),
        (
            {"_target_": "neuralpde.operators.MgNO", "_partial_": True, "hook": {"_target_": "os.getcwd"}},
            "'hook'",
        ),
    ],
)
def test_foreign_configuration_cannot_run_code(run, tmp_path, model, says):
    folder, *_ = run
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    config = OmegaConf.to_container(OmegaConf.load(copy / "config.yaml"))
    OmegaConf.save({**config, "model": model}, copy / "config.yaml")
    with pytest.raises(NeuralPDEError, match=says):
        neuralpde.load_run(copy)


def test_foreign_configuration_cannot_read_the_environment(run, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_WIDTH", "4")
    folder, *_ = run
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    text = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(text.replace("width: 4", "width: ${oc.env:SECRET_WIDTH}"))
    with pytest.raises(UsageError, match=r"\$\{oc.env:SECRET_WIDTH\}"):
        neuralpde.load_run(copy)


def test_checkpoint_of_another_model_is_refused(run, tmp_path):
    folder, *_ = run
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    text = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(text.replace("width: 4", "width: 6"))
    with pytest.raises(NeuralPDEError):
        neuralpde.load_run(copy)


def test_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(NeuralPDEError, match="is no run folder"):
        neuralpde.load_run(tmp_path)


def test_finished_folder_is_not_overwritten(run):
    folder, config, *_ = run
    before = (folder / "results.json").read_bytes()
    with pytest.raises(UsageError, match="holds a run already"):
        train(config, folder)
    assert (folder / "results.json").read_bytes() == before


def test_resuming_with_another_configuration_names_the_difference(run):
    folder, config, *_ = run
    with pytest.raises(UsageError, match=r"seed was 0, now 1"):
        open_run(folder, {**config, "resume": True, "seed": 1})
