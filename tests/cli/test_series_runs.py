"""Runs on time series through the real `train`: every dataset, model and experiment of series, for two steps."""

import math

import jax
import numpy as np
import pytest
from tiny_series import evaluation_config, series_config

import neuralpde
from neuralpde.cli.catalogue import conf_folder, options
from neuralpde.cli.evaluate import evaluate
from neuralpde.cli.refusal import UsageError
from neuralpde.cli.train import train

GROUPS = options(conf_folder())
QUICK = {"model": "lnsde"}


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
        ("chirality_cde", {"classes", "confusion", "learning_curve", "cost"}),
        ("oscillator_latent_ode", {"series", "phase_portrait", "learning_curve", "cost"}),
        ("oscillator_neural_ode", {"series", "phase_portrait", "vector_field", "learning_curve", "cost"}),
    ],
)
def test_run_folder_is_complete(experiment, pictures, tmp_path):
    folder = tmp_path / "run"
    drawn = {"evaluation": {"plots": True, "report": True}}
    results, _ = train(series_config(folder, f"experiment=dynamics/{experiment}", **drawn), folder)
    assert {path.stem for path in (folder / "plots").iterdir()} == pictures
    for name in ("config.yaml", "series.json", "metrics.jsonl", "results.json", "environment.json", "report.html"):
        assert (folder / name).stat().st_size > 0
    again, _ = evaluate(evaluation_config(folder, folder), folder)
    assert again == results


def test_task_of_functions_is_refused_for_series(tmp_path):
    config = series_config(tmp_path, "experiment=dynamics/chirality_cde", "task=operator")
    with pytest.raises(UsageError, match="task=series"):
        train(config, tmp_path / "run")
