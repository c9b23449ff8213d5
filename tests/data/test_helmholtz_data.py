"""Datasets of waves: their equation, their sides, and what is said of resonance."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import DataError, HelmholtzRecipe, helmholtz
from neuralpde.equations import BoundedSpeed
from neuralpde.spaces import Box, FunctionSpace, GaussianField, Neumann, PowerLaplace

LEVEL = GaussianField(FunctionSpace(Box.cube(2), ("g",), Neumann(0.0)), PowerLaplace(2.0, 3.0), modes=6, zero_mean=True)
MEDIUM = BoundedSpeed(LEVEL, mean=2.0, deviation=1.0)
KEY = jax.random.key(1)


def made(folder, **changes):
    arguments = {"resolution": 17, "frequency": 20.0, "train": 2, "test": 2, "folder": folder, "progress": False}
    return helmholtz("waves", MEDIUM, **(arguments | changes))


@pytest.fixture(scope="module")
def drawn():
    """A sample with what the solver tells of it, for a limit of amplification."""
    return jax.jit(lambda limit: HelmholtzRecipe("waves", MEDIUM, 33, 20.0, (0.35, 0.65), 2, limit).sample(KEY))


@pytest.fixture(scope="module")
def wave(drawn):
    """Speed and wave at 33 nodes an axis."""
    sample, _ = drawn(jnp.asarray(1e9))
    return tuple(np.asarray(side.values[..., 0]) for side in (sample.inputs, sample.targets))


def test_waves_follow_their_equation(wave):
    c, u = wave
    inner = u[1:-1, 1:-1]
    around = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2]
    inertia = (20.0 / c[1:-1, 1:-1]) ** 2 * inner
    missed = (4 * inner - around) * 32**2 - inertia
    # Away from the jumps of the data; the second-order differences miss the waves by (k h)^2 / 12.
    assert np.abs(missed[:, :-6]).max() < 0.02 * np.abs(inertia).max()
    assert np.ptp(c) > 0.05 and (np.abs(c - 2) < 1).all()


def test_only_the_strip_of_the_upper_side_is_driven(wave):
    _, u = wave
    slope = lambda first, second, third: (3 * first - 4 * second + third) * 32 / 2
    upper = slope(u[:, -1], u[:, -2], u[:, -3])
    np.testing.assert_allclose(upper[14:19], 1, atol=0.15)
    np.testing.assert_allclose(np.concatenate([upper[:9], upper[-9:]]), 0, atol=0.15)
    for side in (slope(u[0], u[1], u[2]), slope(u[:, 0], u[:, 1], u[:, 2])):
        np.testing.assert_allclose(side, 0, atol=0.05)


def test_resonant_waves_are_no_solutions(drawn):
    """The generator draws anew what is not a number."""
    accepted, report = drawn(jnp.asarray(1e9))
    refused, _ = drawn(jnp.asarray(0.999 * float(report["amplification"])))
    assert jnp.isfinite(accepted.targets.values).all() and jnp.isnan(refused.targets.values).all()


@pytest.mark.slow
def test_provenance_states_accuracy_and_resonance(tmp_path):
    data = made(tmp_path)
    assert data.provenance["accuracy"]["finer_grid"] < 1e-3
    told = data.provenance["largest_of_all_samples"]
    assert told["relative_residual"] < 1e-9 and 1 < told["amplification"] < 1e4
    assert data.target.names == ("u",) and data.source.names == ("c",)
    assert data.train.targets.values.shape == (2, 17, 17, 1)


def test_arguments_without_sense_are_refused(tmp_path):
    with pytest.raises(DataError, match="two nodes an axis are least"):
        made(tmp_path, resolution=1)
    with pytest.raises(DataError, match="refine=0"):
        made(tmp_path, refine=0)
