"""``neuralpde export`` writes the operator of a run as a file of its own."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny import tiny_config

import neuralpde
from neuralpde.cli.application import run
from neuralpde.cli.learned import learned_map
from neuralpde.cli.operator import OPERATOR, make_operator
from neuralpde.cli.run_folder import CHECKPOINTS, open_run, write_json
from neuralpde.data import Dataset
from neuralpde.interop import load_exported
from neuralpde.spaces import Box, Field, FunctionSpace, Sample
from neuralpde.training.checkpoint import Checkpoints

pytest.importorskip("flatbuffers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run whose operator is as it was drawn."""
    folder = tmp_path_factory.mktemp("export") / "run"
    config = tiny_config(folder, ["model=deeponet"])
    space = FunctionSpace(Box.cube(2), ("a",))
    u = Field.stack(jax.random.normal(jax.random.key(0), (4, 8, 8, 1)), space.domain.grid(8), space)
    dataset = Dataset("random", Sample(u, u, {}))
    open_run(folder, config)
    write_json(folder / OPERATOR, learned_map(dataset).described())
    with Checkpoints(folder / CHECKPOINTS) as checkpoints:
        operator = make_operator(config, dataset, jax.random.key(1))
        checkpoints.save(0, eqx.filter(operator, eqx.is_array), {"step": jnp.zeros((), int)})
    return folder


def test_file_holds_the_operator_of_the_run(folder, capsys, tmp_path):
    assert run(["export", str(folder), str(tmp_path / "darcy.npde"), "resolution=12"]) == 0
    assert capsys.readouterr().out == f"exported: {tmp_path / 'darcy.npde'}\n"
    operator, loaded = neuralpde.load_run(folder), load_exported(tmp_path / "darcy.npde")
    grid = operator.source.domain.grid(12)
    u = jax.random.normal(jax.random.key(0), (2, 12, 12, 1))
    expected = jax.jit(jax.vmap(lambda v: operator(Field(v, grid, operator.source)).values))(u)
    np.testing.assert_allclose(loaded(u), expected, rtol=1e-6, atol=1e-8)
    assert loaded.metadata["input"]["names"] == ["a"] and loaded.metadata["batch"] == "b"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a"], "needs the folder of a run and a file"),
        (["a", "b", "bach=2"], "'batch'"),
        (["nowhere", "b"], "nowhere is no run folder"),
        (["RUN", "b", "batch=many"], "batch=many is no number"),
        (["RUN", "b", "resolution=0"], "resolution=0 is no number"),
    ],
)
def test_mistake_is_refused(arguments, says, folder, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["export", *(argument.replace("RUN", str(folder)) for argument in arguments)]) == 2
    assert says in capsys.readouterr().err and not list(tmp_path.iterdir())
