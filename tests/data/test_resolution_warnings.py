"""Datasets that their solver cannot resolve are announced with the figure, and carry it; those of the catalogue are not."""

import re
import warnings

import pytest

from neuralpde.data import ResolutionWarning, evolution, read_dataset, validate_file
from neuralpde.equations import Burgers
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box, FunctionSpace, RandomWaves

WAVES = RandomWaves(FunctionSpace(Box.cube(1, periodic=True)))


def burgers(folder, viscosity, resolution=32, step=0.005, **changes):
    arguments = {"resolution": resolution, "interval": 0.1, "frames": 4, "train": 3, "test": 2, "folder": folder}
    return evolution("waves", Burgers(viscosity), WAVES, ETDRK(step), **arguments, progress=False, **changes)


def test_a_shock_that_the_grid_cannot_hold_is_announced_with_its_figure(tmp_path):
    with pytest.warns(
        ResolutionWarning, match=r"waves: spectral_tail is [\d.e-]+, expected at most 0.0001.*finer grid"
    ):
        data = burgers(tmp_path, 1e-3)
    stated = float(re.findall(r"spectral_tail is ([\d.e-]+),", data.provenance["unresolved"][0])[0])
    assert stated == pytest.approx(data.provenance["largest_of_all_samples"]["spectral_tail"], rel=0.01)
    with pytest.warns(ResolutionWarning):  # also when the file is there
        burgers(tmp_path, 1e-3)
    (path,) = tmp_path.glob("*.hdf5")
    assert read_dataset(path).provenance["unresolved"] == data.provenance["unresolved"]
    noted = [found for found in validate_file(path).findings if found.check == "resolution"]
    assert [found.verdict for found in noted] == ["warning"] and noted[0].figure in data.provenance["unresolved"]


def test_what_is_resolved_is_not_announced(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResolutionWarning)
        data = burgers(tmp_path, 0.05, 64)
    assert data.provenance["unresolved"] == []
    assert 0 < data.provenance["largest_of_all_samples"]["spectral_tail"] < 1e-6


def test_a_long_step_is_announced(tmp_path):
    with pytest.warns(ResolutionWarning, match="step_number is .*a smaller step"):
        burgers(tmp_path, 0.003, 64, 0.05, frames=2)
