"""``neuralpde read`` prints the equations of what a neural ODE has learned."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_series import series_config

from neuralpde.cli.application import run
from neuralpde.cli.refusal import UsageError
from neuralpde.cli.run_folder import CHECKPOINTS, open_run, write_json
from neuralpde.cli.series import make_task
from neuralpde.cli.series_model import SERIES, make_model, shape_of
from neuralpde.cli.train import make_dataset
from neuralpde.data.series import SeriesDataset
from neuralpde.training.checkpoint import Checkpoints

TRAJECTORIES = ["experiment=dynamics/oscillator_neural_ode", "dataset=series/decaying_oscillator"]


def begun_run(folder, *overrides: str, **changes: dict) -> tuple[eqx.Module, SeriesDataset]:
    """A run whose model is as it was drawn."""
    config = series_config(folder, *overrides, **changes)
    dataset = make_dataset(config)
    shape = shape_of(dataset, make_task(config, dataset))
    model = make_model(config, shape, jax.random.key(1))
    open_run(folder, config)
    write_json(folder / SERIES, shape)
    with Checkpoints(folder / CHECKPOINTS) as checkpoints:
        checkpoints.save(0, eqx.filter(model, eqx.is_array), {"step": jnp.zeros((), int)})
    return model, dataset


@pytest.mark.parametrize("time", [pytest.param(False, marks=pytest.mark.slow), True])
def test_equations_miss_the_network_by_as_much_as_is_said(time, tmp_path, capsys):
    folder = tmp_path / "run"
    model, dataset = begun_run(folder, *TRAJECTORIES, f"+model.time={time}", dataset={"train": 64})
    assert run(["read", str(folder), "degree=6"]) == 0
    first, second, *missed = capsys.readouterr().out.splitlines()
    equations = dict(line.split(" = ") for line in (first, second))
    assert list(equations) == ["x'", "y'"] and ("t" in first + second) == time
    times, states = dataset.train.target.times.ravel(), dataset.train.target.values.reshape(-1, 2)
    rates = jax.vmap(model.field)(jnp.asarray(times), jnp.asarray(states))
    for name, rate, line in zip(equations, rates.T, missed, strict=True):
        told = eval(equations[name], {"x": states[:, 0], "y": states[:, 1], "t": times})
        percent = 100 * np.sqrt(np.mean((told - rate) ** 2) / np.mean(rate**2))
        assert percent < 15 and line == f"# {name} of the network is missed by {percent:.2g} %"


@pytest.mark.slow
def test_model_without_a_field_of_its_answers_is_refused(tmp_path, capsys):
    folder = tmp_path / "run"
    begun_run(folder, "experiment=dynamics/rates_lnsde")
    assert run(["read", str(folder)]) == UsageError.exit_code
    assert "StableSDE does not move the state that it answers with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [([], "needs the folder"), (["RUN", "degre=2"], "'degree'"), (["RUN", "degree=0"], "degree=0 is no number")],
)
def test_mistake_is_refused(arguments, says, capsys):
    assert run(["read", *arguments]) == UsageError.exit_code
    assert says in capsys.readouterr().err
