"""Every file of conf/ is composed, instantiated and trained for two steps through the real `train`."""

import json
import math

import pytest
from tiny import tiny_config

from neuralpde.cli.catalogue import conf_folder, options
from neuralpde.cli.train import train

GROUPS = options(conf_folder())
CHOICES = [f"{group}={name}" for group, names in GROUPS.items() for name in names]
PASSING = ("name", "folder", "reference")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, request):
    """Results of a tiny run by its overrides; equal configurations are trained once."""
    known = {}
    data = tmp_path_factory.mktemp("data")

    def run(choice: str, external):
        folder = tmp_path_factory.mktemp("runs") / "run"
        config = tiny_config(folder, [choice])
        if "folder" in config["dataset"]:
            config["dataset"]["folder"] = str(external())
        else:
            config["dataset"]["folder"] = str(data)
        key = json.dumps({k: v for k, v in config.items() if k not in PASSING}, sort_keys=True)
        if key not in known:
            known[key] = train(config, folder)
        return known[key]

    return run


@pytest.mark.parametrize("choice", CHOICES)
def test_option_trains(choice, trained, request):
    results, objects = trained(choice, lambda: request.getfixturevalue("external_data") / "neuraloperator")
    assert objects["fit"].steps == 2
    assert results["train/steps"] == 2
    assert math.isfinite(results["test/relative_l2"])
    assert results["model/parameters"] > 0


def test_there_is_an_option_in_every_group():
    expected = {"dataset", "model", "task", "optimizer", "trainer", "evaluation", "experiment"}
    assert expected <= set(GROUPS)


def test_no_configuration_states_a_channel_number():
    """Channels come from the spaces; a configuration that repeats them would tie a model to a dataset."""
    for path in (conf_folder() / "model").glob("*.yaml"):
        assert "channel" not in path.read_text(encoding="utf-8")
