"""Files of PDEArena: groups as splits, conditioning numbers as parameters."""

import foreign_files
import h5py
import numpy as np
import pytest

from neuralpde.data import DataError, frames, open_pdearena, pdearena
from neuralpde.spaces import Box


def test_smoke_is_three_components_on_the_cells_of_a_closed_box(tmp_path):
    arrays = foreign_files.pdearena_smoke(tmp_path / "a")
    source = open_pdearena(tmp_path / "a")
    sample = source.read()
    assert source.on == Box.of(x=(0, 32), y=(0, 32)).grid(8)
    assert source.target.names == ("u", "vx", "vy")
    for i, name in enumerate(source.target.names):
        np.testing.assert_array_equal(sample.targets.field.values[..., i], arrays[name])
    np.testing.assert_array_equal(sample.targets.times, arrays["t"])
    assert set(sample.parameters) == {"dt", "dx", "dy", "buo_y"}
    np.testing.assert_array_equal(sample.parameters["buo_y"], arrays["buo_y"])


def test_the_files_of_a_folder_are_one_set_a_split(tmp_path):
    seeds = [foreign_files.pdearena_smoke(tmp_path / f"{i}", seed=10 * i) for i in range(2)]
    held = foreign_files.pdearena_smoke(tmp_path / "x", "test", count=2, seed=70)
    foreign_files.pdearena_smoke(tmp_path / "y", "valid", count=3, seed=80)
    dataset = pdearena(str(tmp_path))
    np.testing.assert_array_equal(
        dataset.train.targets.field.values[..., 0], np.concatenate([arrays["u"] for arrays in seeds])
    )
    np.testing.assert_array_equal(dataset.test["8"].targets.field.values[..., 2], held["vy"])
    assert dataset.validation.targets.field.values.shape == (3, 6, 8, 8, 3)


def test_one_file_may_hold_all_groups(tmp_path):
    for split in ("train", "valid", "test"):
        foreign_files.pdearena_ks(tmp_path / "ks", split)
    dataset = pdearena(str(tmp_path / "ks"), pairs=frames, train=2, test=1, time_stride=4)
    assert dataset.train.inputs.values.shape == (2, 16, 1) and dataset.validation is not None
    assert dataset.test["16"].inputs.values.shape == (1, 16, 1)


def test_kuramoto_sivashinsky_lives_on_a_periodic_interval_of_its_length(tmp_path):
    arrays = foreign_files.pdearena_ks(tmp_path / "ks")
    source = open_pdearena(tmp_path / "ks")
    sample = source.read([3, 1])
    assert source.on == Box.of(x=(0, 4), periodic=["x"]).grid(16)
    np.testing.assert_array_equal(sample.targets.field.values[..., 0], arrays["pde_8-16"][[3, 1]])
    np.testing.assert_allclose(sample.targets.times, arrays["dt"][[3, 1], None] * np.arange(8))
    np.testing.assert_array_equal(sample.parameters["v"], arrays["v"][[3, 1]])


def test_where_lengths_differ_the_coordinate_is_the_relative_one(tmp_path):
    spacings = [0.2, 0.25, 0.3, 0.35]
    foreign_files.pdearena_ks(tmp_path / "ks", spacings=spacings)
    source = open_pdearena(tmp_path / "ks")
    assert source.on.domain == Box.cube(1, periodic=True)
    np.testing.assert_array_equal(source.read().parameters["dx"], spacings)


def test_strides_and_windows_have_the_right_times(tmp_path):
    arrays = foreign_files.pdearena_ks(tmp_path / "ks")
    source = open_pdearena(tmp_path / "ks").every(time_stride=3)
    sample = source.read([2], slice(1, 3))
    np.testing.assert_allclose(sample.targets.times[0], arrays["dt"][2] * np.asarray([3, 6]))
    np.testing.assert_array_equal(sample.targets.field.values[0, ..., 0], arrays["pde_8-16"][2, [3, 6]])


def test_a_split_that_is_absent_is_named(tmp_path):
    foreign_files.pdearena_smoke(tmp_path / "a", "valid")
    with pytest.raises(DataError, match=r"has \['valid'\]; expected a group 'train'"):
        pdearena(str(tmp_path / "a"))
    with pytest.raises(DataError, match="no split 'val'; choose one of train, validation, test"):
        open_pdearena(tmp_path / "a", "val")


@pytest.mark.parametrize("name", ["vx", "x"])
def test_a_missing_array_is_named(name, tmp_path):
    foreign_files.pdearena_smoke(tmp_path / "a")
    with h5py.File(tmp_path / "a", "a") as file:
        del file[f"train/{name}"]
    with pytest.raises(DataError, match=r"\(train\) has the arrays"):
        open_pdearena(tmp_path / "a")


def test_a_permuted_axis_is_refused(tmp_path):
    arrays = foreign_files.pdearena_smoke(tmp_path / "a")
    with h5py.File(tmp_path / "a", "a") as file:
        del file["train/vx"]
        file["train/vx"] = arrays["vx"].swapaxes(1, 2)
    with pytest.raises(DataError, match=r"shape \(4, 8, 6, 8\) in 'train/vx' \(the axes look permuted\)"):
        open_pdearena(tmp_path / "a")
