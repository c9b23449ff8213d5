"""Every dataset option that reads files of others trains an operator, by configuration alone."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest
from foreign_options import NEED_A_FILE, WRITERS
from tiny import tiny_config

from neuralpde.cli.application import run
from neuralpde.cli.building import SLOTS, build
from neuralpde.cli.catalogue import conf_folder, options
from neuralpde.cli.operator import make_operator
from neuralpde.cli.train import make_dataset


@pytest.mark.parametrize("name", WRITERS)
def test_option_trains(name, tmp_path):
    write, overrides = WRITERS[name]
    path = tmp_path / "data.npz"
    write(path)
    config = tiny_config(tmp_path / "run", [f"dataset={name}", f"dataset.path={path}", "model=deeponet"])
    for key, value in overrides.items():
        *groups, last = key.split(".")
        place = config["dataset"]
        for group in groups:
            place = place[group]
        if last in place:
            place[last] = value
    dataset = make_dataset(config)
    operator = make_operator(config, dataset, jax.random.key(0))
    task = build(config["task"], SLOTS["task"])(dataset)

    @eqx.filter_jit
    def step(model, number, key):
        batch = task.batches.batch(number, key)
        (loss, _), slope = eqx.filter_value_and_grad(task.loss, has_aux=True)(model, batch, key)
        return loss, eqx.apply_updates(model, jax.tree.map(lambda leaf: -1e-3 * leaf, slope))

    first, operator = step(operator, jnp.asarray(0), jax.random.key(1))
    second, _ = step(operator, jnp.asarray(0), jax.random.key(1))
    assert math.isfinite(first) and second < first


def test_every_option_with_a_file_of_its_own_is_tested():
    texts = {
        name: (conf_folder() / "dataset" / f"{name}.yaml").read_text() for name in options(conf_folder())["dataset"]
    }
    assert {("dataset", name) for name, text in texts.items() if "path: ???" in text} == NEED_A_FILE


def test_the_file_is_asked_for(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["train", "dataset=pdebench"]) == 2
    assert "dataset.path" in capsys.readouterr().err
