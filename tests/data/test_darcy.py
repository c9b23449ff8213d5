"""The generated Darcy dataset: its media, its pressures, its splits, its file."""

import jax
import numpy as np
import pytest

from neuralpde.data import DataError, darcy
from neuralpde.equations import Darcy
from neuralpde.solvers import solve_elliptic
from neuralpde.spaces import Dirichlet, Field, Free

SMALL = {
    "resolution": 8,
    "train": 8,
    "validation": 2,
    "test": 3,
    "test_resolutions": (24,),
    "chunk": 3,
    "progress": False,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("datasets")


@pytest.fixture(scope="module")
def dataset(folder):
    return darcy(**SMALL, folder=folder)


def media(sample) -> np.ndarray:
    return np.asarray(sample.inputs.values[..., 0])


def pressures(sample) -> np.ndarray:
    return np.asarray(sample.targets.values[..., 0])


def relative(a, b) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def test_splits_have_their_sizes_and_labels(dataset):
    assert media(dataset.train).shape == (8, 8, 8)
    assert media(dataset.validation).shape == (2, 8, 8)
    assert list(dataset.test) == ["8", "24"]
    assert pressures(dataset.test["24"]).shape == (3, 24, 24)


def test_spaces_name_what_is_known_on_the_walls(dataset):
    assert dataset.source.names == ("a",) and dataset.source.boundary == ((Free(), Free()),) * 2
    assert dataset.target.names == ("u",) and dataset.target.boundary == ((Dirichlet(0.0), Dirichlet(0.0)),) * 2
    assert dataset.on.layout == ("cells", "cells")


def test_media_have_two_phases(dataset):
    for sample in dataset.splits().values():
        assert set(np.unique(media(sample))) == {3.0, 12.0}


def test_pressures_solve_the_equation_in_the_stored_media(dataset):
    sample = dataset.test["24"]
    on = sample.inputs.on
    for a, u in zip(media(sample), pressures(sample), strict=True):
        medium = Field(a[..., None].astype(np.float64), on, dataset.source)
        solved = solve_elliptic(Darcy(medium, 1.0), dataset.target, on).field.values[..., 0]
        assert relative(u, np.asarray(solved)) < 1e-6


def test_tests_at_all_resolutions_hold_the_same_functions(dataset):
    # Every third centre of the finer cells is a centre of the coarser ones.
    coarse, fine = dataset.test["8"], dataset.test["24"]
    assert np.array_equal(media(fine)[:, 1::3, 1::3], media(coarse))
    means = pressures(fine).reshape(3, 8, 3, 8, 3).mean((2, 4))
    assert 1e-4 < relative(pressures(coarse), means) < 0.1


def test_no_function_is_in_two_splits(dataset):
    together = np.concatenate([media(dataset.train), media(dataset.validation), media(dataset.test["8"])])
    assert len(np.unique(together.reshape(len(together), -1), axis=0)) == 8 + 2 + 3


def test_file_is_made_once_and_read_after(dataset, folder):
    (file,) = folder.glob("*.hdf5")
    assert file.name.startswith("darcy_8_n8_12-3_seed0_")
    written = file.stat().st_mtime_ns
    again = darcy(**SMALL, folder=folder)
    assert file.stat().st_mtime_ns == written
    assert np.array_equal(pressures(again.train), pressures(dataset.train))


def test_provenance_tells_how_it_was_made_and_how_good_it_is(dataset):
    provenance = dataset.provenance
    assert provenance["parameters"] == {"low": 3.0, "high": 12.0, "alpha": 2.0, "tau": 3.0}
    assert provenance["solver"]["largest_relative_residual"] <= 1e-10
    assert provenance["seed"] == 0 and provenance["version"] and provenance["seconds"] > 0
    errors = provenance["accuracy"]
    assert 1e-3 < errors["solver"] < errors["function"] < 0.2


def test_larger_set_begins_with_the_smaller_one_whatever_the_chunk_and_precision(dataset, tmp_path):
    # Users run in single precision; the data do not depend on it.
    with jax.enable_x64(False):
        larger = darcy(**SMALL | {"train": 10, "validation": 0, "test": 0, "chunk": 5}, folder=tmp_path)
    assert larger.validation is None and not larger.test
    assert np.array_equal(media(larger.train)[:8], media(dataset.train))
    assert relative(pressures(larger.train)[:8], pressures(dataset.train)) < 1e-6


@pytest.mark.slow
def test_refinement_averages_a_better_pressure_of_the_same_medium(dataset, tmp_path):
    refined = darcy(**SMALL | {"refine": 3, "validation": 0, "test_resolutions": ()}, folder=tmp_path)
    assert np.array_equal(media(refined.train), media(dataset.train))
    means = pressures(dataset.test["24"]).reshape(3, 8, 3, 8, 3).mean((2, 4))
    assert relative(pressures(refined.test["8"]), means) < 1e-6
    errors = [d.provenance["accuracy"]["function"] for d in (refined, dataset)]
    assert errors[0] < 0.6 * errors[1]


def test_variants_are_a_matter_of_arguments(dataset, tmp_path):
    few = {"validation": 0, "test": 0, "train": 12}
    rough = darcy(**SMALL | few, values=(2, 12), tau=20**0.5, folder=tmp_path, seed=1)
    smooth = darcy(**SMALL | few, alpha=4, folder=tmp_path, seed=1)
    assert set(np.unique(media(rough.train))) == {2.0, 12.0}

    def interface(sample):
        return sum(np.count_nonzero(np.diff(media(sample), axis=axis)) for axis in (1, 2))

    assert interface(smooth.train) < 0.8 * interface(rough.train)
    assert len(list(tmp_path.glob("*.hdf5"))) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"resolution": 0}, {"train": 0}, {"refine": 0}, {"values": (0, 12)}, {"alpha": 1}, {"test_resolutions": (0,)}],
)
def test_senseless_argument_is_refused_by_name(wrong, tmp_path):
    with pytest.raises(DataError, match=f"darcy: {next(iter(wrong))}="):
        darcy(**SMALL | wrong, folder=tmp_path)
    assert not list(tmp_path.iterdir())
