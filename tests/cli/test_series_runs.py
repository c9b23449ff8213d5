"""Runs on time series through the real `train`: every dataset, model and experiment of series, for two steps."""

import math

import jax
import numpy as np
import pytest
from omegaconf import OmegaConf

import neuralpde
from neuralpde.cli.catalogue import conf_folder, options
from neuralpde.cli.evaluate import evaluate
from neuralpde.cli.explanation import compose_config
from neuralpde.cli.refusal import UsageError
from neuralpde.cli.schema import register
from neuralpde.cli.train import train

GROUPS = options(conf_folder())
QUICK = {"model": "lnsde"}
SIZES = {
    "dataset": {"train": 4, "test": 4, "points": 8, "observed": 4},
    "model": {"width": 4, "depth": 1, "hidden": 3, "latent": 2, "heads": 1, "order": 3},
    "task": {"batch_size": 2},
    "trainer": {"steps": 2, "steps_per_call": 1, "progress": False, "tensorboard": False},
    "evaluation": {"plots": False, "report": False},
}


def series_config(folder, *overrides: str, **changes: dict) -> dict:
    register()
    composed = compose_config("train", ["name=tiny", f"folder={folder}", *overrides])
    config = OmegaConf.to_container(composed, resolve=True)
    for group, sizes in SIZES.items():
        for place in (config[group], config[group].get("dataset", {})):
            place |= {key: size for key, size in sizes.items() if key in place}
    for group, values in changes.items():
        config[group] |= values
    return config


def overrides_of(group: str, name: str) -> list[str]:
    """The choice, with what goes with it."""
    if group == "experiment":
        return [f"experiment=dynamics/{name}"]
    if group == "dataset":
        kind = {"decaying_oscillator": "oscillator_latent_ode", "spirals": "spirals_latent_ode"}
        kind |= {"rational_oscillator": "oscillator_neural_ode", "lotka_volterra": "oscillator_neural_ode"}
        kind |= {"laser_ignition": "laser_ignition", "lorenz_spikes": "lorenz_langevin_flow"}
        return [f"experiment=dynamics/{kind.get(name, 'chirality_cde')}", f"dataset=series/{name}"]
    kind = {"latent_ode": "oscillator_latent_ode", "neural_ode": "oscillator_neural_ode"}
    kind |= {"ignition_ode": "laser_ignition", "langevin_flow": "lorenz_langevin_flow"}
    return [f"experiment=dynamics/{kind.get(name, 'chirality_cde')}", f"model=dynamics/{name}"]


FOLDERS = {"experiment": "experiment/dynamics", "dataset": "dataset/series", "model": "model/dynamics"}
CHOICES = [
    pytest.param(group, name, marks=[] if name == QUICK.get(group) else [pytest.mark.slow])
    for group, folder in FOLDERS.items()
    for name in GROUPS[folder]
]


@pytest.mark.parametrize(("group", "name"), CHOICES)
def test_option_trains_and_is_given_back(group, name, tmp_path):
    folder = tmp_path / "run"
    results, objects = train(series_config(folder, *overrides_of(group, name)), folder)
    assert objects["fit"].steps == results["train/steps"] == 2
    measures = [value for key, value in results.items() if key.startswith("test/")]
    assert measures and all(math.isfinite(value) for value in measures)
    loaded = neuralpde.load_run(folder)
    for a, b in zip(jax.tree.leaves(loaded), jax.tree.leaves(objects["model"]), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("experiment", "pictures"),
    [
        ("chirality_cde", {"classes", "confusion", "learning_curve"}),
        ("oscillator_latent_ode", {"series", "phase_portrait", "learning_curve"}),
        ("oscillator_neural_ode", {"series", "phase_portrait", "learning_curve"}),
    ],
)
def test_run_folder_is_complete(experiment, pictures, tmp_path):
    folder = tmp_path / "run"
    drawn = {"evaluation": {"plots": True, "report": True}}
    results, _ = train(series_config(folder, f"experiment=dynamics/{experiment}", **drawn), folder)
    assert {path.stem for path in (folder / "plots").iterdir()} == pictures
    for name in ("config.yaml", "series.json", "metrics.jsonl", "results.json", "environment.json", "report.html"):
        assert (folder / name).stat().st_size > 0
    register()
    config = OmegaConf.to_container(compose_config("evaluate", [f"run={folder}", f"folder={folder}"]), resolve=True)
    config["evaluation"] |= {"plots": False, "report": False}
    again, _ = evaluate(config, folder)
    assert again == results


def test_task_of_functions_is_refused_for_series(tmp_path):
    config = series_config(tmp_path, "experiment=dynamics/chirality_cde", "task=operator")
    with pytest.raises(UsageError, match="task=series"):
        train(config, tmp_path / "run")
