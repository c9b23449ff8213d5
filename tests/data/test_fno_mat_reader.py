"""MATLAB files of the FNO paper, up to version 7 and as HDF5 with reversed axes."""

import foreign_files
import numpy as np
import pytest
import scipy.io

from neuralpde.data import DataError, fno_mat, frames, initial_to_final, open_fno_mat
from neuralpde.spaces import Box, Dirichlet, Trajectory

VERSIONS = pytest.mark.parametrize("hdf5", [False, True], ids=["v5", "v7.3"])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.mat"


@VERSIONS
def test_burgers_maps_initial_to_final_states_on_a_period(hdf5, path):
    arrays = foreign_files.fno_burgers(path, hdf5=hdf5)
    source = open_fno_mat(path)
    sample = source.read([5, 2])
    assert source.on == Box.cube(1, periodic=True).grid(16, layout="periodic")
    np.testing.assert_array_equal(sample.inputs.values[..., 0], arrays["a"][[5, 2]])
    np.testing.assert_array_equal(sample.targets.values[..., 0], arrays["u"][[5, 2]])


@VERSIONS
def test_darcy_lives_on_the_cells_of_the_square(hdf5, path):
    arrays = foreign_files.fno_darcy(path, hdf5=hdf5)
    source = open_fno_mat(path)
    sample = source.read()
    assert source.on == Box.cube(2).grid(9) and source.target.boundary[0] == (Dirichlet(0.0),) * 2
    np.testing.assert_array_equal(sample.inputs.values[..., 0], arrays["coeff"])
    np.testing.assert_array_equal(sample.targets.values[..., 0], arrays["sol"])
    assert sample.targets.values.dtype == np.float32


@VERSIONS
def test_navier_stokes_is_a_trajectory_of_the_vorticity(hdf5, path):
    arrays = foreign_files.fno_navier_stokes(path, hdf5=hdf5)
    source = open_fno_mat(path)
    sample = source.read([3, 4, 9], slice(1, 5))
    assert isinstance(sample.targets, Trajectory) and source.steps(0) == 6
    assert source.on == Box.cube(2, periodic=True).grid(8)
    states = np.moveaxis(arrays["u"], -1, 1)[[3, 4, 9], 1:5]
    np.testing.assert_array_equal(sample.targets.field.values[..., 0], states)
    np.testing.assert_array_equal(sample.inputs.values[..., 0], arrays["a"][[3, 4, 9]])
    np.testing.assert_array_equal(sample.targets.times, np.tile([2.0, 3, 4, 5], (3, 1)))


@VERSIONS
def test_a_window_begins_with_states_of_the_trajectory(hdf5, path):
    arrays = foreign_files.fno_navier_stokes(path, hdf5=hdf5)
    pair = frames(open_fno_mat(path), history=3, horizon=2).read([1])
    np.testing.assert_array_equal(pair.inputs.values[0], arrays["u"][0, ..., 1:4])
    np.testing.assert_array_equal(pair.targets.values[0, ..., 0], arrays["u"][0, ..., 5])
    final = initial_to_final(open_fno_mat(path)).read([7])
    np.testing.assert_array_equal(final.inputs.values[0, ..., 0], arrays["a"][7])
    np.testing.assert_array_equal(final.targets.values[0, ..., 0], arrays["u"][7, ..., -1])


def test_the_first_samples_are_learned_from_and_the_last_are_the_test_set(path):
    arrays = foreign_files.fno_burgers(path)
    dataset = fno_mat(str(path), train=5, test=3)
    np.testing.assert_array_equal(dataset.train.targets.values[..., 0], arrays["u"][:5])
    np.testing.assert_array_equal(dataset.test["16"].inputs.values[..., 0], arrays["a"][-3:])
    with pytest.raises(DataError, match=r"holds 12 samples; expected at least train \+ test = 10 \+ 3"):
        fno_mat(str(path), train=10, test=3)


def test_the_test_set_may_be_a_file_of_its_own_and_points_stay_in_place(tmp_path):
    foreign_files.fno_darcy(tmp_path / "a.mat")
    held = foreign_files.fno_darcy(tmp_path / "b.mat", seed=5)
    dataset = fno_mat(str(tmp_path / "a.mat"), train=10, test=2, stride=4, test_path=str(tmp_path / "b.mat"))
    np.testing.assert_array_equal(dataset.test["3"].targets.values[..., 0], held["sol"][:2, ::4, ::4])
    np.testing.assert_allclose(dataset.on.axis_coords(0), (np.asarray([0, 4, 8]) + 0.5) / 9, atol=1e-12)


@pytest.mark.parametrize("write", [foreign_files.fno_burgers, foreign_files.fno_darcy])
def test_the_same_test_functions_come_at_other_resolutions(write, path):
    n = 16 if write is foreign_files.fno_burgers else 17
    write(path, n=n)
    dataset = fno_mat(str(path), train=5, test=3, stride=4, test_strides=[4, 2, 8])
    assert list(dataset.test) == [str(-(-n // stride)) for stride in (4, 2, 8)]
    coarse, fine, coarsest = (np.asarray(sample.targets.values) for sample in dataset.test.values())
    every_second = (slice(None), *(slice(None, None, 2),) * (fine.ndim - 2))
    np.testing.assert_array_equal(fine[every_second], coarse)
    np.testing.assert_array_equal(coarse[every_second], coarsest)


def test_a_period_cannot_be_cut_by_a_stride_that_does_not_divide_it(path):
    foreign_files.fno_burgers(path)
    with pytest.raises(DataError, match="stride=3 does not divide the 16 points"):
        fno_mat(str(path), train=5, test=3, stride=3)


def test_arrays_are_read_when_they_are_asked_for(path, monkeypatch):
    foreign_files.fno_burgers(path)
    loaded = []
    original = scipy.io.loadmat
    monkeypatch.setattr(scipy.io, "loadmat", lambda *a, **k: loaded.append(k["variable_names"]) or original(*a, **k))
    source = open_fno_mat(path)
    assert loaded == []
    source.read([0])
    assert sorted(loaded) == [["a"], ["u"]]


def test_cells_and_objects_are_not_read(path):
    scipy.io.savemat(path, {"coeff": np.asarray([{"a": 1}, "b"], object), "sol": np.zeros((2, 4, 4))})
    with pytest.raises(DataError, match=r"has the arrays \['sol'\]; expected coeff and sol"):
        open_fno_mat(path)


@VERSIONS
def test_times_and_states_must_agree(hdf5, path):
    arrays = foreign_files.fno_navier_stokes(path, hdf5=hdf5)
    foreign_files.write_mat(path, arrays | {"t": np.arange(3.0)[None]}, hdf5)
    with pytest.raises(DataError, match="has 3 times; expected one for each of 6 states"):
        open_fno_mat(path)


@VERSIONS
def test_shapes_that_do_not_fit_are_named(hdf5, path):
    arrays = foreign_files.fno_burgers(path, hdf5=hdf5)
    foreign_files.write_mat(path, arrays | {"u": arrays["u"][:, :-1]}, hdf5)
    with pytest.raises(DataError, match=r"in 'u'; expected .*by its coordinates"):
        open_fno_mat(path)


@VERSIONS
def test_a_truncated_file_is_refused(hdf5, path):
    foreign_files.fno_darcy(path, n=32, hdf5=hdf5)
    path.write_bytes(path.read_bytes()[: 9 * path.stat().st_size // 10])
    with pytest.raises(DataError, match=r"data\.mat cannot be read as .*truncated"):
        open_fno_mat(path).read()


@VERSIONS
def test_nan_is_located(hdf5, path):
    arrays = foreign_files.fno_burgers(path, hdf5=hdf5)
    arrays["u"][4, 2] = np.nan
    foreign_files.write_mat(path, arrays, hdf5)
    with pytest.raises(DataError, match=r"field 'u' holds NaN.* sample 4;"):
        open_fno_mat(path).read()
