"""Datasets of waves: their equation, their sides, and what is said of resonance."""

import numpy as np
import pytest

from neuralpde.data import DataError, helmholtz
from neuralpde.equations import BoundedSpeed
from neuralpde.spaces import Box, FunctionSpace, GaussianField, Neumann, PowerLaplace

LEVEL = GaussianField(FunctionSpace(Box.cube(2), ("g",), Neumann(0.0)), PowerLaplace(2.0, 3.0), modes=6, zero_mean=True)
MEDIUM = BoundedSpeed(LEVEL, mean=2.0, deviation=1.0)


def made(folder, **changes):
    arguments = {"resolution": 33, "frequency": 20.0, "train": 2, "test": 2, "folder": folder, "progress": False}
    return helmholtz("waves", MEDIUM, **(arguments | changes))


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    return made(tmp_path_factory.mktemp("waves"), refine=4)


def test_waves_follow_their_equation(waves):
    c, u = (np.asarray(side.values[..., 0], float) for side in (waves.train.inputs, waves.train.targets))
    inner = u[:, 1:-1, 1:-1]
    around = u[:, 2:, 1:-1] + u[:, :-2, 1:-1] + u[:, 1:-1, 2:] + u[:, 1:-1, :-2]
    mean = (20.0 / c[:, 1:-1, 1:-1]) ** 2 * inner
    missed = (4 * inner - around) * 32**2 - mean
    # Away from the jumps of the data; the second-order differences miss the waves by (k h)^2 / 12.
    assert np.abs(missed[:, :, :-6]).max() < 0.02 * np.abs(mean).max()
    assert np.ptp(c) > 0.05 and (np.abs(c - 2) < 1).all()


def test_only_the_strip_of_the_upper_side_is_driven(waves):
    u = np.asarray(waves.train.targets.values[..., 0], float)
    slope = lambda first, second, third: (3 * first - 4 * second + third) * 32 / 2
    upper = slope(u[:, :, -1], u[:, :, -2], u[:, :, -3])
    np.testing.assert_allclose(upper[:, 14:19], 1, atol=0.15)
    np.testing.assert_allclose(np.concatenate([upper[:, :9], upper[:, -9:]]), 0, atol=0.15)
    for side in (slope(u[:, 0], u[:, 1], u[:, 2]), slope(u[:, :, 0], u[:, :, 1], u[:, :, 2])):
        np.testing.assert_allclose(side, 0, atol=0.05)


def test_provenance_states_accuracy_and_resonance(waves):
    assert waves.provenance["accuracy"]["finer_grid"] < 1e-4
    told = waves.provenance["largest_of_all_samples"]
    assert told["relative_residual"] < 1e-9 and 1 < told["amplification"] < 1e4
    assert waves.target.names == ("u",) and waves.source.names == ("c",)


def test_resonant_media_are_drawn_anew_or_refused(tmp_path, waves):
    limit = 0.999 * waves.provenance["largest_of_all_samples"]["amplification"]
    others = made(tmp_path, refine=4, largest_amplification=limit)
    assert others.provenance["redrawn"] >= 1
    assert others.provenance["largest_of_all_samples"]["amplification"] <= limit
    with pytest.raises(DataError, match="are not finite after"):
        made(tmp_path, refine=1, resolution=9, largest_amplification=0.1)
    with pytest.raises(DataError, match="two nodes an axis are least"):
        made(tmp_path, resolution=1)
