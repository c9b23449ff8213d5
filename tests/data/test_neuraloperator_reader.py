"""The Darcy files of neuraloperator, and small ones of the same layout."""

import numpy as np
import pytest
from torch_archive import mapping, plain, write_archive, write_fortran

from neuralpde.data import DataError, neuraloperator_darcy
from neuralpde.spaces import Box, Dirichlet, FunctionSpace

SQUARE = Box.cube(2)
FILES = ("darcy_train_16.pt", "darcy_test_16.pt", "darcy_test_32.pt")


def phases_and_pressures(count, n):
    """Functions that can be told apart by sample, row and column."""
    sample, i, j = np.meshgrid(np.arange(count), np.arange(n), np.arange(n), indexing="ij")
    x, y = i / n, j / n
    return (sample + i // (n // 8) + j) % 2 == 0, ((sample + 1) * x * (1 - x) * y**2).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    for name, count, n in zip(FILES, (6, 3, 3), (8, 8, 16), strict=True):
        x, y = phases_and_pressures(count, n)
        write_fortran(tmp_path / name, x=x, y=y)
    return tmp_path


def test_arrays_are_fields_on_the_unit_square(folder):
    dataset = neuraloperator_darcy(folder)
    x, y = phases_and_pressures(6, 8)
    assert dataset.source == FunctionSpace(SQUARE, ("phase",))
    assert dataset.target == FunctionSpace(SQUARE, ("pressure",), Dirichlet(0.0))
    assert dataset.on == SQUARE.grid(8, layout="cells")
    np.testing.assert_array_equal(dataset.train.inputs.values[..., 0], x)
    np.testing.assert_array_equal(dataset.train.targets.values[..., 0], y)
    assert dataset.validation is None


def test_tests_come_at_the_training_resolution_first(folder):
    test = neuraloperator_darcy(folder).test
    assert list(test) == ["16", "32"]
    assert [sample.inputs.on.shape for sample in test.values()] == [(8, 8), (16, 16)]


def test_nodes_lie_at_their_true_places_at_every_resolution(folder):
    """x (1 - x) y^2 at i / n; the upper walls, where files have nothing, are zero for the pressure."""
    test = neuraloperator_darcy(folder, layout="nodes").test
    for sample, n in zip(test.values(), (8, 16), strict=True):
        on = SQUARE.grid(n + 1, layout="nodes")
        assert sample.targets.on == sample.inputs.on == on
        x, y = np.moveaxis(np.asarray(on.coords()), -1, 0)
        exact = np.where((x < 1) & (y < 1), x * (1 - x) * y**2, 0.0)
        np.testing.assert_allclose(sample.targets.values[0, ..., 0], exact, atol=1e-7)
        np.testing.assert_array_equal(sample.inputs.values[:, -1], sample.inputs.values[:, -2])
    np.testing.assert_array_equal(test["16"].targets.values, test["32"].targets.values[:, ::2, ::2])


def test_the_files_may_lie_in_a_folder_of_their_own(folder, tmp_path_factory, monkeypatch):
    outer = tmp_path_factory.mktemp("external")
    (outer / "neuraloperator").symlink_to(folder)
    monkeypatch.setenv("NEURALPDE_EXTERNAL_DATA", str(outer))
    assert neuraloperator_darcy().train.inputs.values.shape == (6, 8, 8, 1)


def test_missing_files_are_named_and_their_place_told(tmp_path):
    with pytest.raises(DataError) as error:
        neuraloperator_darcy(tmp_path)
    for word in (
        "darcy_train_16.pt",
        str(tmp_path / "neuraloperator"),
        "`folder`",
        "NEURALPDE_EXTERNAL_DATA",
    ):
        assert word in str(error.value)


def test_one_missing_file_is_named(folder):
    (folder / FILES[2]).unlink()
    with pytest.raises(DataError, match=r"darcy_test_32\.pt"):
        neuraloperator_darcy(folder)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"x": np.zeros((2, 8, 8))}, r"a dict with \['x'\]"),
        ({"x": np.zeros((2, 8, 8)), "y": np.zeros((2, 8, 9))}, r"shapes \[\(2, 8, 8\), \(2, 8, 9\)\]"),
        ({"x": np.zeros((2, 64)), "y": np.zeros((2, 64))}, r"shapes \[\(2, 64\), \(2, 64\)\]"),
        ({"x": np.zeros((2, 8, 6)), "y": np.zeros((2, 8, 6))}, r"expected twice \(sample, n, n\)"),
    ],
)
def test_other_contents_are_refused(content, found, folder):
    write_fortran(folder / FILES[1], **content)
    with pytest.raises(DataError, match=f"{FILES[1]} holds .*{found}"):
        neuraloperator_darcy(folder)


@pytest.mark.parametrize("program", [plain(3), plain((1, 2)), mapping(x=plain(1), y=plain(2))])
def test_contents_that_are_no_tensors_are_refused(program, folder):
    write_archive(folder / FILES[0], program, {})
    with pytest.raises(DataError, match=f"{FILES[0]} holds .*expected"):
        neuraloperator_darcy(folder)


def test_nan_is_refused(folder):
    x, y = phases_and_pressures(6, 8)
    y[4, 2, 2] = np.nan
    write_fortran(folder / FILES[0], x=x, y=y)
    with pytest.raises(DataError, match=rf"{FILES[0]}: field 'y' holds NaN.*sample 4;"):
        neuraloperator_darcy(folder)


def test_an_unknown_layout_is_refused(folder):
    with pytest.raises(DataError, match="unknown layout 'periodic'"):
        neuraloperator_darcy(folder, layout="periodic")


@pytest.mark.external
def test_the_published_files_have_the_sizes_stated(external_data):
    dataset = neuraloperator_darcy(external_data)
    shapes = [sample.targets.values.shape for sample in dataset.splits().values()]
    assert shapes == [(1000, 16, 16, 1), (50, 16, 16, 1), (50, 32, 32, 1)]
    assert set(np.unique(dataset.train.inputs.values)) == {0.0, 1.0}


@pytest.mark.external
def test_the_published_functions_at_16_are_every_second_point_of_those_at_32(external_data):
    """So the points lie at i / n: this is what the choice of the layouts rests on."""
    coarse, fine = neuraloperator_darcy(external_data).test.values()
    np.testing.assert_array_equal(coarse.inputs.values, fine.inputs.values[:, ::2, ::2])
    np.testing.assert_array_equal(coarse.targets.values, fine.targets.values[:, ::2, ::2])


@pytest.mark.external
def test_the_published_pressure_vanishes_at_the_lower_walls_and_one_step_beyond_the_last_row(external_data):
    mean = np.asarray(neuraloperator_darcy(external_data).train.targets.values[..., 0]).mean(axis=0)
    for profile in (mean.mean(axis=0), mean.mean(axis=1)):
        assert profile[0] < 0.01 * profile.max()
        beyond = 3 * profile[-1] - 3 * profile[-2] + profile[-3]  # the parabola through the last three points
        assert abs(beyond) < 0.05 * profile.max() < profile[-1]
