"""``neuralpde solve``: a problem written in a configuration becomes a run folder with its solution."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from omegaconf import OmegaConf

from neuralpde.cli import load_solution
from neuralpde.cli.application import run
from neuralpde.cli.building import SLOTS, build
from neuralpde.cli.catalogue import conf_folder, options
from neuralpde.cli.explanation import compose_config
from neuralpde.cli.schema import register
from neuralpde.equations.derivatives import laplacian
from neuralpde.evaluation import read_metrics
from neuralpde.spaces import Box, FunctionSpace

DISC = """
# -Laplace u = 1 in the unit disc, u = 0 on its boundary: u = (1 - r^2) / 4.
_target_: neuralpde.pinn.Problem
domain: {_target_: neuralpde.spaces.Ball, centre: [0.0, 0.0], radius: 1.0}
equation: {_target_: neuralpde.equations.Poisson, source: 1.0}
conditions:
  - _target_: neuralpde.pinn.Boundary
    condition: {_target_: neuralpde.spaces.Dirichlet, g: 0.0}
    weight: 10.0
"""


@pytest.fixture
def solve(tmp_path, monkeypatch):
    """The verb on the disc with a small network; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "problem").mkdir(parents=True)
    (tmp_path / "own" / "problem" / "disc.yaml").write_text(DISC)

    def start(*arguments):
        small = ["network.layers.width=8", "network.layers.depth=1", "task.points=128", "task.boundary_points=32"]
        quick = ["optimizer=levenberg_marquardt", "trainer.steps=60", "trainer.tensorboard=false"]
        return run(["solve", "problem=disc", *small, *quick, *arguments, "--config-dir", "own"])

    return start


def test_a_problem_in_a_configuration_is_solved(solve, tmp_path):
    assert solve("folder=done", "trainer.progress=false", "task.resample_every=20") == 0
    done = tmp_path / "done"
    results = json.loads((done / "results.json").read_text())
    assert results["train/steps"] == 60 and results["model/parameters"] == 3 * 8 + 9
    assert "test/relative_l2" not in results  # nobody told the solution
    assert {"solution.png", "residual_map.png", "loss_terms.png"} <= {p.name for p in (done / "plots").iterdir()}
    page = (done / "report.html").read_text()
    assert "neuralpde.equations.Poisson" in page and page.count("data:image/png") >= 4
    assert "train/boundary_loss" in read_metrics(done / "metrics.jsonl")[-1]
    x = jax.random.uniform(jax.random.key(1), (200, 2), minval=-0.7, maxval=0.7)
    with jax.enable_x64(True):
        solution = load_solution(done)
        assert solution.u.network.layers[0].weight.dtype == jnp.float64
        u = jax.vmap(solution.u)(jnp.asarray(x, jnp.float64))[:, 0]
    exact = (1 - np.sum(np.asarray(x, float) ** 2, axis=1)) / 4
    assert np.linalg.norm(u - exact) < 1e-2 * np.linalg.norm(exact)


@pytest.mark.parametrize("name", options(conf_folder())["network"])
def test_every_network_has_derivatives_on_a_periodic_domain(name):
    register()
    config = compose_config("solve", [f"network={name}", "name=unused", "folder=unused"])
    space = FunctionSpace(Box.of(periodic=("x",), x=(0.0, 2.0), t=(0.0, 1.0)), ("u", "v"))
    make = build(OmegaConf.to_container(config.network, resolve=True), SLOTS["network"])
    point = jax.ShapeDtypeStruct((2,), float)
    made = jax.eval_shape(lambda x, key: laplacian(make(space, key=key))(x), point, jax.random.key(0))
    assert made.shape == (2,)


_QUICK = ("burgers", "poisson")


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in _QUICK else pytest.mark.slow) for n in options(conf_folder())["problem"]],
)
def test_every_problem_is_trained_on_and_measured(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["network.layers.width=4", "network.layers.depth=1", "task.points=16", "task.boundary_points=8"]
    quick = ["optimizer=adam", "trainer.steps=2", "trainer.progress=false", "evaluation.plots=false", "folder=done"]
    assert run(["solve", f"problem={name}", *small, *quick]) == 0
    results = json.loads((tmp_path / "done" / "results.json").read_text())
    assert 0 < results["test/relative_l2"] < 100 and results["test/relative_maximum"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", options(conf_folder()).get("experiment/pinn", []))
def test_every_experiment_of_solve_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["task.points=32", "task.boundary_points=8", "network.layers.width=4", "network.layers.depth=1"]
    quick = ["trainer.steps=2", "trainer.progress=false", "trainer.steps_per_call=1", "evaluation.plots=false"]
    register()
    config = compose_config("solve", [f"experiment=pinn/{name}", "name=unused", "folder=unused"])
    fewer = ["windows=2"] if config.windows > 1 else []
    assert run(["solve", f"experiment=pinn/{name}", *small, *quick, *fewer, "folder=done"]) == 0
    results = json.loads((tmp_path / "done" / "results.json").read_text())
    assert np.isfinite(results["test/relative_l2"])


def test_time_is_solved_in_windows(tmp_path, monkeypatch):
    """Lorenz' equations: each window begins with what was found before, and the whole is read back as one function."""
    monkeypatch.chdir(tmp_path)
    small = ["problem.end=0.2", "network.layers.width=6", "network.layers.depth=1", "task.points=16", "windows=2"]
    quick = ["optimizer=adam", "trainer.steps=4", "trainer.steps_per_call=2", "trainer.progress=false"]
    assert run(["solve", "problem=lorenz", *small, *quick, "evaluation.plots=false", "folder=done"]) == 0
    done = tmp_path / "done"
    assert json.loads((done / "results.json").read_text())["train/steps"] == 8
    assert all((done / f"window_{k}" / "metrics.jsonl").is_file() for k in (1, 2))
    with jax.enable_x64(True):
        u = load_solution(done).u
        at = jax.jit(jax.vmap(u))(jnp.asarray([[0.0], [0.1 - 1e-12], [0.1], [0.2]]))
    np.testing.assert_allclose(at[0], 1.0)
    np.testing.assert_allclose(at[1], at[2], atol=1e-9)
    assert u.seams == (0.1,) and np.abs(at[3] - at[2]).max() > 1e-3


def test_windows_want_a_box(solve, capsys):
    assert solve("windows=2") == 2
    assert "divides the times of a box" in capsys.readouterr().err


@pytest.mark.slow
def test_unknown_numbers_are_told_with_their_intervals(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["network.layers.width=6", "network.layers.depth=1", "task.points=64", "task.resample_every=null"]
    quick = ["optimizer=levenberg_marquardt", "trainer.steps=20", "trainer.progress=false", "trainer.tensorboard=false"]
    problem = ["problem=burgers_inverse", "problem.viscosity=0.1", "problem.start=0.3", "problem.points=50"]
    assert run(["solve", *problem, "problem.front=0.0", *small, *quick, "folder=done"]) == 0
    results = json.loads((tmp_path / "done" / "results.json").read_text())
    value, deviation, lower, upper = (
        results[f"unknown/viscosity{part}"] for part in ("", " deviation", " lower", " upper")
    )
    assert lower < value < upper and 0 < deviation < 0.2 * value
    assert upper / value == pytest.approx(value / lower, rel=1e-6)
    assert results["noise/data"] > 0
    assert "viscosity deviation" in (tmp_path / "done" / "report.html").read_text()


@pytest.mark.slow
def test_hidden_terms_are_told_as_formulas(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = ["network.layers.width=6", "network.layers.depth=1", "task.points=32", "task.resample_every=null"]
    quick = ["optimizer=adam", "trainer.steps=2", "trainer.progress=false", "trainer.tensorboard=false"]
    problem = ["problem=hidden_lotka_volterra", "problem.samples=12"]
    assert run(["solve", *problem, *small, *quick, "folder=done"]) == 0
    formulas = json.loads((tmp_path / "done" / "formulas.json").read_text())
    assert set(formulas) == {"hidden_prey", "hidden_hunters"}
    assert f"hidden_prey = {formulas['hidden_prey']}"[:60] in capsys.readouterr().out
    results = json.loads((tmp_path / "done" / "results.json").read_text())
    told = [key for key in results if key.startswith("hidden_") and not key.endswith(" deviation")]
    assert told and all(f"{key} deviation" in results for key in told)
    assert (tmp_path / "done" / "plots" / "hidden_terms.png").exists()


def test_mistakes_are_told(solve, capsys):
    assert solve("precision=float16") == 2
    assert "float32, float64" in capsys.readouterr().err
    assert (
        solve("problem._target_=neuralpde.pinn.Uniform", "~problem.domain", "~problem.equation", "~problem.conditions")
        == 2
    )
    assert "not a Problem" in capsys.readouterr().err
    assert solve("problem.equation._target_=os.system") == 2
    assert "not allowed" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", options(conf_folder())["experiment/pinn"])
def test_every_experiment_begins(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    quick = ["trainer.steps=2", "trainer.progress=false", "evaluation.plots=false", "folder=done"]
    assert run(["solve", f"experiment=pinn/{name}", *quick]) == 0
    results = json.loads((tmp_path / "done" / "results.json").read_text())
    assert results["train/steps"] == 2 and all(np.isfinite(value) for value in results.values())
