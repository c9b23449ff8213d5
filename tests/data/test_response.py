"""Datasets of driven and of stationary systems against solutions that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import cumulative_simpson

from neuralpde.data import DataError, response, stationary
from neuralpde.equations import (
    Antiderivative,
    ForcedRiccati,
    LogNormal,
    Lorenz63,
    MultiscaleTrigonometric,
    Pendulum,
    TwoPhase,
)
from neuralpde.spaces import Box, FunctionSpace, GaussianField, Neumann, PowerLaplace, SquaredExponential

FORCING = GaussianField(FunctionSpace(Box.of(t=(0.0, 1.0))), SquaredExponential(0.2), modes=16)
SQUARE = Box.cube(2)
LEVEL = GaussianField(FunctionSpace(SQUARE, ("g",), Neumann(0.0)), PowerLaplace(2.0, 3.0, 9.0), modes=8, zero_mean=True)


def driven(folder, equation, **changes):
    arguments = {"resolution": 101, "train": 3, "test": 2, "folder": folder, "progress": False} | changes
    return response("driven", equation, FORCING, **arguments)


def test_antiderivative_is_that_of_its_forcing(tmp_path):
    data = driven(tmp_path, Antiderivative())
    u, s = (np.asarray(side.values[..., 0], float) for side in (data.train.inputs, data.train.targets))
    expected = cumulative_simpson(u, dx=0.01, axis=1, initial=0)
    np.testing.assert_allclose(s, expected, atol=2e-6)
    assert data.provenance["accuracy"]["finer_nodes_and_tolerance"] < 1e-7
    assert data.target.names == ("s",) and data.test["101"].inputs.values.shape == (2, 101, 1)


@pytest.mark.parametrize(
    "equation", [ForcedRiccati(), pytest.param(Pendulum(), marks=pytest.mark.slow)], ids=["riccati", "pendulum"]
)
def test_responses_follow_their_equation(tmp_path, equation):
    data = driven(tmp_path, equation)
    u, s = (np.asarray(side.values, float) for side in (data.train.inputs, data.train.targets))
    rate = np.gradient(s, 0.01, axis=1, edge_order=2)
    if isinstance(equation, Pendulum):
        right = np.stack([s[..., 1], -np.sin(s[..., 0]) + u[..., 0]], axis=-1)
    else:
        right = -(s**2) + u
    np.testing.assert_allclose(rate[:, 1:-1], right[:, 1:-1], atol=2e-3 * np.abs(right).max())
    np.testing.assert_array_equal(s[:, 0], 0)


def test_equations_without_forcing_are_refused(tmp_path):
    with pytest.raises(DataError, match="no argument 'forcing'"):
        driven(tmp_path, Lorenz63())


def solved(folder, medium, **changes):
    arguments = {"resolution": 16, "train": 2, "test": 2, "folder": folder, "progress": False} | changes
    return stationary("stationary", medium, **arguments)


@pytest.mark.slow
def test_pressure_in_a_uniform_medium_is_the_series(tmp_path):
    data = solved(tmp_path, TwoPhase(LEVEL, (2.0, 2.0)), source=3.0, refine=4)
    x, n = (np.arange(64) + 0.5) / 64, np.arange(1, 200, 2)
    sines = np.sin(np.pi * np.outer(x, n))
    weights = 16 / np.pi**4 / np.outer(n, n) / (n[:, None] ** 2 + n**2)
    exact = (1.5 * sines @ weights @ sines.T).reshape(16, 4, 16, 4).mean((1, 3))
    np.testing.assert_allclose(data.train.targets.values[0, ..., 0], exact, atol=1e-3 * exact.max())
    assert data.provenance["largest_of_all_samples"]["relative_residual"] < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize(
    "medium", [LogNormal(LEVEL), MultiscaleTrigonometric(FunctionSpace(SQUARE, ("a",)), 2)], ids=["normal", "waves"]
)
def test_refined_solutions_are_closer_to_the_limit(tmp_path, medium):
    errors = [solved(tmp_path, medium, refine=refine).provenance["accuracy"]["finer_grid"] for refine in (1, 2)]
    assert errors[1] < 0.4 * errors[0]


def test_media_have_the_bounds_and_the_law_that_they_state():
    key, on = jax.random.key(1), SQUARE.grid(64)
    waves = MultiscaleTrigonometric(FunctionSpace(SQUARE, ("a",)), 3).sample(key, on).values
    assert 0.5**6 <= waves.min() < 0.2 and 2 < waves.max() <= 1.5**6
    log = jnp.log(LogNormal(LEVEL).sample(key, on).values)
    np.testing.assert_allclose(log, LEVEL.sample(key, on).values, atol=1e-12)
