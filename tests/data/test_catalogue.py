"""Every recipe in conf/dataset gives what its file says, and is found again by its numbers; nothing is solved."""

import sys

import equinox as eqx
import jax
import pytest
from omegaconf import OmegaConf

from neuralpde.cli.building import build
from neuralpde.cli.catalogue import conf_folder, description
from neuralpde.cli.explanation import compose_config
from neuralpde.cli.schema import register
from neuralpde.data import as_field
from neuralpde.spaces import Grid, Trajectory

KINDS = ("evolution", "helmholtz", "response", "spacetime", "stationary")
FILES = {path.stem: path for path in sorted((conf_folder() / "dataset").glob("*.yaml"))}
RECIPES = [
    name for name, path in FILES.items() if any(f"neuralpde.data.{kind}\n" in path.read_text() for kind in KINDS)
]


class Asked(Exception):
    """Ends a request with what it asked for."""


def asked_for(generation, *_):
    raise Asked(generation)


@pytest.fixture
def asked(monkeypatch):
    """Build a dataset option; gives the generation that it asks for, and its configuration."""

    def build_option(name):
        register()
        config = OmegaConf.to_container(compose_config("generate", [f"dataset={name}"]).dataset, resolve=True)
        kind = config["_target_"].rpartition(".")[2]
        # The module has the name of its function, which the door shows.
        monkeypatch.setattr(sys.modules[f"neuralpde.data.{kind}"], "generated", asked_for)
        with pytest.raises(Asked) as stopped:
            build(config)
        return stopped.value.args[0], config

    return build_option


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_gives_what_its_file_says(name, asked):
    generation, config = asked(name)
    with jax.enable_x64(True):
        sample, _ = eqx.filter_eval_shape(generation.recipe.sample, jax.random.key(0))
    assert generation.recipe.name == name and generation.file_name.startswith(f"{name}_n{config['train']}_")
    inputs, targets = as_field(sample.inputs), as_field(sample.targets)
    # The output may be a function of time as well.
    axes = inputs.space.dim
    assert isinstance(inputs.on, Grid) and isinstance(targets.on, Grid)
    assert targets.on.domain.axes[:axes] == inputs.on.domain.axes
    assert targets.on.shape == (*inputs.on.shape, *[config.get("times")] * (targets.space.dim - axes))
    assert targets.on.layout[:axes] == inputs.on.layout
    assert config["resolution"] in (inputs.on.shape[0], [*inputs.on.shape])
    assert targets.values.shape[-1] == len(targets.space.names)
    if config.get("output", "trajectory") == "trajectory" and "frames" in config:
        assert isinstance(sample.targets, Trajectory) and len(sample.targets) == config["frames"]
    assert sum(count for _, count in generation.splits.values()) >= config["train"] + config["test"]


def test_every_option_is_described():
    assert all(len(description(path)) > 30 for path in FILES.values())
    assert len(RECIPES) >= 20
