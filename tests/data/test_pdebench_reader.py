"""Files of PDEBench in its four layouts: every value, where it lies, and what is refused."""

import foreign_files
import h5py
import numpy as np
import pytest

from neuralpde.data import DataError, frames, open_pdebench, pdebench
from neuralpde.spaces import Box, Dirichlet, Field, Free, Neumann, Periodic, Robin, Trajectory


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.bin"  # names say nothing


@pytest.mark.parametrize("extra_time", [0, 1])
def test_one_array_in_time_is_a_trajectory_on_periodic_cells(extra_time, path):
    arrays = foreign_files.pdebench_tensor(path, extra_time=extra_time)
    source = open_pdebench(path)
    sample = source.read()
    box = Box.cube(1, periodic=True)
    assert source.count == 20 and source.steps(0) == 6
    assert source.on == box.grid(16, layout="cells")
    np.testing.assert_allclose(source.on.axis_coords(0), arrays["x-coordinate"], atol=1e-7)
    assert isinstance(sample.targets, Trajectory) and isinstance(sample.inputs, Field)
    np.testing.assert_array_equal(sample.targets.field.values[..., 0], arrays["tensor"])
    np.testing.assert_array_equal(sample.inputs.values[..., 0], arrays["tensor"][:, 0])
    np.testing.assert_allclose(sample.targets.times, np.tile(0.01 * np.arange(6), (20, 1)), atol=1e-8)
    np.testing.assert_array_equal(sample.parameters["beta"], np.full(20, 0.4))


def test_darcy_maps_the_coefficient_to_the_solution(path):
    arrays = foreign_files.pdebench_darcy(path)
    source = open_pdebench(path)
    sample = source.read()
    assert source.on == Box.cube(2).grid(8)
    assert (source.source.names, source.target.names) == (("a",), ("u",))
    assert source.target.boundary == ((Dirichlet(0.0),) * 2,) * 2
    np.testing.assert_array_equal(sample.inputs.values[..., 0], arrays["nu"])
    np.testing.assert_array_equal(sample.targets.values[..., 0], arrays["tensor"][:, 0])
    assert set(sample.parameters["beta"]) == {10.0}


@pytest.mark.parametrize("shape", [(8,), (8, 6), (4, 6, 8)])
def test_compressible_flow_has_a_component_for_every_array(shape, path):
    arrays = foreign_files.pdebench_cfd(path, shape=shape)
    source = open_pdebench(path)
    names = ("density", "pressure", "Vx", "Vy", "Vz")[: 2 + len(shape)]
    assert source.target.names == names and source.on.shape == shape
    assert source.target.boundary == ((Free(), Free()),) * len(shape)
    sample = source.read([3, 0])
    for i, name in enumerate(names):
        np.testing.assert_array_equal(sample.targets.field.values[..., i], arrays[name][[3, 0]])
    assert {name: values[0] for name, values in sample.parameters.items()} == {"eta": 0.01, "zeta": 0.01, "M": 0.1}


def test_the_sides_of_compressible_flow_are_told_by_the_caller(path):
    foreign_files.pdebench_cfd(path)
    assert open_pdebench(path, periodic=True).target.boundary == ((Periodic(), Periodic()),) * 2


CASES = [
    ((8, 8), 2, (-1.0, 1.0), ("u", "v"), ((Neumann(0.0),) * 2,) * 2),
    ((8, 8), 1, (-2.5, 2.5), ("h",), ((Free(),) * 2,) * 2),
    ((16,), 1, (0.0, 1.0), ("u",), ((Dirichlet(1.0), Robin(1.0, -0.0005, 0.0)),)),
]


@pytest.mark.parametrize(("shape", "channels", "ends", "names", "boundary"), CASES)
def test_groups_of_seeds_are_samples(shape, channels, ends, names, boundary, path):
    data = foreign_files.pdebench_seeds(path, shape=shape, channels=channels, ends=ends)
    source = open_pdebench(path)
    sample = source.read([7, 8, 2])
    assert source.target.names == names and source.target.boundary == boundary
    assert source.on == Box.cube(len(shape), *ends).grid(*shape)
    np.testing.assert_array_equal(sample.targets.field.values, data[[7, 8, 2]])
    np.testing.assert_allclose(sample.parameters["k"], [7.005, 8.005, 2.005])
    assert set(sample.parameters) == {"D", "k"}


def test_incompressible_flow_comes_in_shards(tmp_path):
    shards = [foreign_files.pdebench_incompressible(tmp_path / f"{i}.h5", seed=10 * i) for i in range(3)]
    source = open_pdebench(tmp_path)
    sample = source.read([9, 0, 1, 4])
    assert source.count == 12 and source.target.names == ("velocity_x", "velocity_y", "particles")
    assert source.source.names == (*source.target.names, "force_x", "force_y")
    for place, (shard, row) in enumerate([(2, 1), (0, 0), (0, 1), (1, 0)]):
        expected = np.concatenate([shards[shard]["velocity"][row], shards[shard]["particles"][row]], axis=-1)
        np.testing.assert_array_equal(sample.targets.field.values[place], expected)
        np.testing.assert_array_equal(sample.inputs.values[place, ..., 3:], shards[shard]["force"][row])
    np.testing.assert_array_equal(sample.targets.times[0], shards[0]["t"][0])


def test_strides_keep_points_and_states_where_they_are(path):
    arrays = foreign_files.pdebench_cfd(path, steps=5, shape=(8, 6))
    source = open_pdebench(path).every(2, 3)
    sample = source.read(slice(2, 4))
    np.testing.assert_array_equal(sample.targets.field.values[..., 0], arrays["density"][2:4, ::3, ::2, ::2])
    for axis, name in enumerate("xy"):
        np.testing.assert_allclose(source.on.axis_coords(axis), arrays[f"{name}-coordinate"][::2], atol=1e-7)
    assert source.steps(0) == 2 and sample.targets.field.space.domain == source.on.domain


def test_nothing_but_what_is_asked_for_is_read(path, monkeypatch):
    foreign_files.pdebench_tensor(path, count=20, steps=6, n=16)
    source, read = open_pdebench(path), []
    original = h5py.Dataset.__getitem__

    def watched(self, *index):
        values = original(self, *index)
        read.append(values.size)
        return values

    monkeypatch.setattr(h5py.Dataset, "__getitem__", watched)
    frames(source).read([7])
    assert sum(read) == 16 + 2 * 16  # the initial state and a window of two


def test_the_first_tenth_is_the_test_set_and_of_seeds_the_last(tmp_path):
    a, c = tmp_path / "a", tmp_path / "c"
    tensor = foreign_files.pdebench_tensor(a)["tensor"]
    seeds = foreign_files.pdebench_seeds(c)
    dataset = pdebench(str(a))
    np.testing.assert_array_equal(dataset.train.targets.field.values[..., 0], tensor[2:])
    np.testing.assert_array_equal(dataset.test["16"].targets.field.values[..., 0], tensor[:2])
    dataset = pdebench(str(c), train=5, test=1)
    np.testing.assert_array_equal(dataset.train.targets.field.values, seeds[:5])
    np.testing.assert_array_equal(dataset.test["8"].targets.field.values, seeds[18:19])


def test_more_samples_than_there_are_cannot_be_asked_for(path):
    foreign_files.pdebench_tensor(path)
    with pytest.raises(DataError, match=r"train=19 samples .* holds 18"):
        pdebench(str(path), train=19)


def replace(path, name, change):
    with h5py.File(path, "a") as file:
        values = change(file[name][()])
        del file[name]
        file[name] = values


DEFECTS = [
    ("tensor", lambda a: a.swapaxes(1, 2), r"shape \(20, 16, 6\) in 'tensor' \(the axes look permuted\)"),
    ("tensor", lambda a: a[..., :-1], r"shape \(20, 6, 15\) in 'tensor'; expected .*x 16"),
    ("tensor", lambda a: a[0], "expected .sample, time, x."),
    ("tensor", lambda a: a.astype("S4"), "in 'tensor'; expected numbers"),
    ("t-coordinate", lambda t: t[:-2], "expected .sample 20, time 4, x 16. by its coordinates"),
    ("x-coordinate", lambda x: x[::-1], "not increasing and equidistant"),
    ("x-coordinate", lambda x: x**2, "not increasing and equidistant"),
    ("x-coordinate", lambda x: x[None], "coordinates 'x' of shape"),
]


@pytest.mark.parametrize(("name", "change", "said"), DEFECTS)
def test_planted_defects_are_named(name, change, said, path):
    foreign_files.pdebench_tensor(path)
    replace(path, name, change)
    with pytest.raises(DataError, match=said) as error:
        open_pdebench(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_permuted_sample_axis_is_noticed_where_sizes_reveal_it(path):
    foreign_files.pdebench_tensor(path)
    replace(path, "tensor", lambda a: a.transpose(2, 1, 0))
    with pytest.raises(DataError, match=r"shape .16, 6, 20. in 'tensor'"):
        open_pdebench(path)


def test_missing_coordinates_are_named(path):
    foreign_files.pdebench_tensor(path)
    with h5py.File(path, "a") as file:
        del file["x-coordinate"]
    with pytest.raises(DataError, match="no coordinates 'x-coordinate' beside"):
        open_pdebench(path)


def test_nan_is_located(path):
    foreign_files.pdebench_tensor(path)
    with h5py.File(path, "a") as file:
        file["tensor"][11, 3, 2] = np.nan
    source = open_pdebench(path)
    source.read(slice(11))
    with pytest.raises(DataError, match=r"field 'u' holds NaN or infinity in 1 of 10.* sample 11;"):
        source.read(slice(5, 15))


@pytest.mark.parametrize("kept", [0.05, 0.5, 0.9])
def test_a_truncated_file_is_refused(kept, path):
    foreign_files.pdebench_tensor(path, count=200)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(DataError, match="truncated, damaged or of another kind") as error:
        open_pdebench(path).read()
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no file or folder .*absent"):
        open_pdebench(tmp_path / "absent")


def test_yaml_that_builds_objects_is_refused(path):
    foreign_files.pdebench_seeds(path)
    with h5py.File(path, "a") as file:
        file["0000"].attrs["config"] = "sim: !!python/object/apply:os.getcwd []"
    with pytest.raises(DataError, match=r"\(0000\) holds YAML that cannot be read"):
        open_pdebench(path)


def test_files_of_other_grids_are_no_dataset(tmp_path):
    foreign_files.pdebench_tensor(tmp_path / "a", n=16)
    foreign_files.pdebench_tensor(tmp_path / "b", n=8)
    with pytest.raises(DataError, match="differ in the grid"):
        open_pdebench(tmp_path)
