"""Datasets that their solver cannot resolve are announced with the figure, and carry it."""

import re

import jax.numpy as jnp
import pytest

from neuralpde.data import (
    AbstractRecipe,
    DataError,
    Generation,
    ResolutionWarning,
    evolution,
    generated,
    read_dataset,
)
from neuralpde.data.validation.resolution import noted
from neuralpde.equations import Burgers
from neuralpde.solvers import ETDRK
from neuralpde.solvers.resolution import FOURIER_LIMITS
from neuralpde.spaces import Box, Field, FunctionSpace, RandomWaves, Sample

WAVES = RandomWaves(FunctionSpace(Box.cube(1, periodic=True)))


def shocks(folder):
    arguments = {"resolution": 32, "interval": 0.1, "frames": 4, "train": 3, "test": 2, "folder": folder}
    return evolution("waves", Burgers(1e-3), WAVES, ETDRK(0.005, order=2), **arguments, progress=False)


@pytest.mark.slow
def test_a_shock_that_the_grid_cannot_hold_is_announced_with_its_figure(tmp_path):
    with pytest.warns(ResolutionWarning, match=r"waves: spectral_tail is [\d.e-]+, expected at most 0.001.*finer grid"):
        data = shocks(tmp_path)
    stated = float(re.findall(r"spectral_tail is ([\d.e-]+),", data.provenance["unresolved"][0])[0])
    assert stated == pytest.approx(data.provenance["largest_of_all_samples"]["spectral_tail"], rel=0.01)
    with pytest.warns(ResolutionWarning):  # also when the file is there
        shocks(tmp_path)
    (path,) = tmp_path.glob("*.hdf5")
    assert read_dataset(path).provenance["unresolved"] == data.provenance["unresolved"]
    assert [found.verdict for found in noted(data.provenance)] == ["warning"] * len(data.provenance["unresolved"])


class Blown(AbstractRecipe):
    """Solutions that all fail, with a figure that says why."""

    name: str = "blown"
    label = "4"

    def sample(self, key):
        u = Field(jnp.full((4, 1), jnp.nan), WAVES.space.domain.grid(4), WAVES.space)
        return Sample(u, u), {"step_number": jnp.asarray(3.1)}

    def accuracy(self, keys):
        return {}

    def provenance(self):
        return {}

    def at(self, resolution):
        return self

    @property
    def limits(self):
        return FOURIER_LIMITS


def test_solutions_that_fail_say_why(tmp_path):
    with pytest.raises(DataError, match=r"not finite after 10 draws.*step_number is 3.1, expected at most 2.8.*step"):
        generated(Generation(Blown(), 2), tmp_path, progress=False)
