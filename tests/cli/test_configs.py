"""Every file of conf/ is composed, instantiated and trained for two steps through the real `train`."""

import json
import math

import jax
import numpy as np
import pytest
from foreign_options import NEED_A_FILE
from tiny import tiny_config

import neuralpde
from neuralpde.cli.catalogue import conf_folder, options
from neuralpde.cli.train import train


def _has_time_added(name: str) -> bool:
    return "neuralpde.data.spacetime\n" in (conf_folder() / "dataset" / f"{name}.yaml").read_text()


GROUPS = options(conf_folder())
# These need a task that tells its residuals; see test_optimizer_configs.
OF_RESIDUALS = ("least_squares", "levenberg_marquardt", "natural_gradient")
# Those of `neuralpde solve` are in test_solve and test_solve_experiments.
OF_SOLVERS = {("task", "residual"), ("trainer", "solver")}
# Those of time series are in test_series_runs.
OF_TASK = {("task", "series")}
OF_SERIES = ("dataset/series", "model/dynamics", "experiment/dynamics")
# Datasets in files of others are trained on in test_foreign_configs.
OPTIONS = [
    (group, name)
    for group, names in GROUPS.items()
    if group not in ("suite", "problem", "network", "experiment/pinn", *OF_SERIES)
    for name in names
    if (group, name) not in {*NEED_A_FILE, *OF_SOLVERS, *OF_TASK}
    and not (group == "optimizer" and name in OF_RESIDUALS)
]
# Recipes of our own are traced in test_catalogue; here one of each kind is followed to the end.
QUICK = ("darcy", "neuraloperator_darcy")
# The default model keeps its domain, and these map from space to space and time.
EXTENDED = {name: ["dataset.extend=true"] for name in GROUPS["dataset"] if _has_time_added(name)}
# Those that step in time learn from trajectories; few frames of a small grid are enough here.
_TRAJECTORIES = ["dataset=kuramoto_sivashinsky", "dataset.pairs=null", "dataset.frames=12", "dataset.start=1.0"]
_SMALL = ["model.network.modes=3", "model.network.width=4"]
EXTENDED |= {
    "task=rollout": [*_TRAJECTORIES, "model=fno"],
    "task=refiner": [*_TRAJECTORIES, "model=fno_conditioned", *_SMALL],
    "model=fno_conditioned": [*_TRAJECTORIES, "task=refiner", *_SMALL],
    "experiment=ks_refiner": _SMALL,
}
# Experiments whose data are of the slow kinds.
LONG = (
    *("darcy_multiscale_mgno", "helmholtz_mgno", "navier_stokes_mgno"),
    *("ks_fno_rollout", "ks_refiner", "navier_stokes_1e3_fno"),
    *("antiderivative_physics", "burgers_physics", "darcy_physics", "diffusion_reaction_physics"),
    *("darcy_rough_mgno", "darcy_smooth_mgno", "darcy_deeponet"),
    *("rollout", "refiner", "fno_conditioned"),  # followed to the end in test_rollout_runs
)
# All models are traced in test_models; these few are trained by default, the others where slow tests are asked for.
MODELS = ("deeponet", "fno", "mgno", "pod_deeponet")
OPTIMIZERS = ("adam", "muon")


def _marks(group: str, name: str) -> list:
    quick = {"dataset": QUICK, "model": MODELS, "optimizer": OPTIMIZERS}
    slow = name not in quick.get(group, [name]) or name in LONG
    return [pytest.mark.slow] if slow else []


CHOICES = [pytest.param(f"{group}={name}", marks=_marks(group, name)) for group, name in OPTIONS]
PASSING = ("name", "folder", "reference")


@pytest.fixture(scope="module")
def known() -> dict:
    """Finished runs by their configuration: equal configurations are trained once."""
    return {}


@pytest.fixture
def trained(known, tmp_path_factory, request):
    """Folder, results and objects of a tiny run with one option."""

    def run(choice: str):
        folder = tmp_path_factory.mktemp("run") / "run"
        config = tiny_config(folder, [choice, *EXTENDED.get(choice.removeprefix("dataset="), [])])
        if config["dataset"]["_target_"] == "neuralpde.data.neuraloperator_darcy":
            config["dataset"]["folder"] = str(request.getfixturevalue("external_data"))
        else:
            config["dataset"]["folder"] = str(tmp_path_factory.getbasetemp() / "datasets")
        key = json.dumps({k: v for k, v in config.items() if k not in PASSING}, sort_keys=True)
        if key not in known:
            known[key] = folder, *train(config, folder)
        return known[key]

    return run


@pytest.mark.parametrize("choice", CHOICES)
def test_option_trains_and_is_given_back(choice, trained):
    folder, results, objects = trained(choice)
    assert objects["fit"].steps == results["train/steps"] == 2
    assert math.isfinite(results["test/relative_l2"])
    assert results["model/parameters"] > 0
    loaded = neuralpde.load_run(folder)
    for a, b in zip(jax.tree.leaves(loaded), jax.tree.leaves(objects["operator"]), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_there_is_an_option_in_every_group():
    expected = {"dataset", "model", "task", "optimizer", "trainer", "evaluation", "experiment"}
    assert expected <= set(GROUPS)


@pytest.mark.parametrize("path", sorted((conf_folder() / "model").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_model_configuration_states_a_channel_number(path):
    """Channels come from the spaces; a configuration that repeats them would tie a model to a dataset."""
    assert "channel" not in path.read_text(encoding="utf-8")
