"""Inverse problems of the configuration, solved as published: minutes each."""

import json
import math

import pytest

from neuralpde.cli.application import run

pytestmark = pytest.mark.slow


@pytest.fixture
def solved(tmp_path, monkeypatch):
    """Results and formulas of an experiment."""
    monkeypatch.chdir(tmp_path)

    def solve(name, *overrides):
        quiet = ["trainer.progress=false", "trainer.tensorboard=false", "evaluation.plots=false", "folder=done"]
        assert run(["solve", f"experiment=pinn/{name}", *quiet, *overrides]) == 0
        formulas = tmp_path / "done" / "formulas.json"
        results = json.loads((tmp_path / "done" / "results.json").read_text())
        return results, json.loads(formulas.read_text()) if formulas.exists() else {}

    return solve


def test_viscosity_of_burgers_equation_within_a_tenth_of_a_per_cent(solved):
    results, _ = solved("burgers_inverse")
    viscosity = 0.01 / math.pi
    assert results["unknown/viscosity"] == pytest.approx(viscosity, rel=1e-3)
    assert results["unknown/viscosity lower"] < viscosity < results["unknown/viscosity upper"]
    # No interval is narrower than the bound of Cramér and Rao allows.
    assert 4.6e-4 * 0.9 < results["unknown/viscosity deviation"] / viscosity < 1.5e-3
    assert results["noise/data"] == pytest.approx(0.01 * 0.6146, rel=0.1)


def test_coefficient_of_poisson_s_equation_is_found_better_than_published(solved):
    results, _ = solved("poisson_inverse")
    assert results["test/relative_l2_a"] < 2.45e-2


def test_coefficient_of_the_heat_equation_is_found_better_than_published(solved):
    results, _ = solved("heat_inverse")
    assert results["test/relative_l2_a"] < 5.26e-2 / 2


def terms(results, output):
    """Coefficients of a formula by its terms."""
    start = f"{output}/"
    return {
        key.removeprefix(start): value
        for key, value in results.items()
        if key.startswith(start) and not key.endswith(" deviation")
    }


@pytest.mark.parametrize("noise, within", [(0.0, 1e-3), (0.05, 0.05)])
def test_transport_of_burgers_equation_is_recovered(solved, noise, within):
    results, _ = solved("hidden_burgers", f"problem.noise={noise}")
    found = terms(results, "hidden")
    assert list(found) == ["u*u_x"]
    assert found["u*u_x"] == pytest.approx(1.0, abs=within)


@pytest.mark.parametrize("noise, within", [(0.0, 1e-3), (0.05, 0.05)])
def test_interaction_of_hunters_and_prey_is_recovered(solved, noise, within):
    results, _ = solved("hidden_lotka_volterra", f"problem.noise={noise}")
    for output, truth in (("hidden_prey", -1.0), ("hidden_hunters", 1.0)):
        found = terms(results, output)
        assert list(found) == ["prey*hunters"]
        assert found["prey*hunters"] == pytest.approx(truth, abs=within)
