"""What is written to a dataset file is read back bit for bit, and is in the public schema of The Well."""

import json

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from noise_samples import random_sample

from neuralpde.data import DataError, Dataset, read_dataset, write_dataset
from neuralpde.spaces import (
    Axis,
    Box,
    Dirichlet,
    Field,
    Free,
    FunctionSpace,
    Grid,
    Neumann,
    Periodic,
    Points,
    Robin,
    Sample,
    Trajectory,
)

COUNT = 3


def noise(*shape, dtype=float):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def fields(on, space, dtype=float):
    return Field.stack(noise(COUNT, *on.shape, space.channels, dtype=dtype), on, space)


def trajectories(on, space, times):
    """A stacked trajectory; ``times`` is (time,) or (sample, time)."""
    times = jnp.broadcast_to(times, (COUNT, np.shape(times)[-1]))
    values = noise(COUNT, times.shape[1], *on.shape, space.channels)
    return jax.vmap(lambda t, v: Trajectory(t, Field.stack(v, on, space)))(times, jnp.asarray(values))


LINE = Box.of(periodic=("x",), x=(0.0, 2 * np.pi))
CHANNEL = Box((Axis("x", 0.0, 3.0, periodic=True), Axis("y", -1.0, 1.0)))
BRICK = Box.of(x=(0.0, 1.0), y=(-2.0, 2.0), z=(1.0, 1.5))
ON_LINE, ON_CHANNEL = LINE.grid(6), CHANNEL.grid(4, 5, layout=("periodic", "chebyshev"))
WAVE = FunctionSpace(LINE, ("u",))
FLOW = FunctionSpace(CHANNEL, ("u", "v"), [Periodic(), (Dirichlet((1.0, 0.0)), Neumann(0.5))])
HEAT = FunctionSpace(BRICK, ("T",), [(Robin(2.0, 3.0, 1.5), Free()), Neumann(), (Dirichlet(4.0), Dirichlet())])
CLOUD = Points(noise(7, 2), Box.cube(2, -4.0, 4.0), weights=np.full(7, 0.1), mask=[True] * 6 + [False])
SCATTERED = FunctionSpace(CLOUD.domain, ("c",))


def on_own_points():
    """Every sample on other points."""
    values, x = noise(COUNT, 5, 1), noise(COUNT, 5, 2)
    return jax.vmap(lambda v, y: Field(v, Points(y, CLOUD.domain), SCATTERED))(values, x)


PAIRS = {
    "periodic line": (fields(ON_LINE, WAVE), fields(ON_LINE, WAVE.renamed("f"))),
    "the same name twice": (fields(ON_LINE, WAVE), fields(ON_LINE, WAVE)),
    "names with a slash": (fields(ON_LINE, WAVE.renamed("du/dx")), fields(ON_LINE, WAVE)),
    "walls and chebyshev": (fields(ON_CHANNEL, FLOW), fields(ON_CHANNEL, FLOW.free(("w",)))),
    "three dimensions": (
        fields(BRICK.grid(2, 3, 4), HEAT),
        fields(BRICK.grid(2, 3, 4, layout="nodes"), HEAT),
    ),
    "single precision": (fields(ON_LINE, WAVE, np.float32), fields(ON_LINE, WAVE, np.float32)),
    "complex": (fields(ON_LINE, WAVE, np.complex128), fields(ON_LINE, WAVE)),
    "other domains": (fields(ON_LINE, WAVE), fields(ON_CHANNEL, FLOW)),
    "trajectory": (fields(ON_LINE, WAVE), trajectories(ON_LINE, WAVE, np.linspace(0, 1, 4))),
    "two trajectories": (
        trajectories(ON_LINE, WAVE, np.arange(2.0)),
        trajectories(ON_LINE, WAVE, np.arange(4.0)),
    ),
    "own times": (trajectories(ON_LINE, WAVE, noise(COUNT, 4)), fields(ON_LINE, WAVE)),
    "points": (fields(CLOUD, SCATTERED), fields(CLOUD, SCATTERED)),
    "own points": (on_own_points(), fields(CLOUD.domain.grid(3), SCATTERED)),
    "trajectory on points": (fields(CLOUD, SCATTERED), trajectories(CLOUD, SCATTERED, np.arange(3.0))),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_what_is_written_is_read_bit_for_bit(pair, tmp_path):
    parameters = {"viscosity": jnp.asarray(noise(COUNT)), "f/2": jnp.asarray(noise(COUNT, 2))}
    written = Dataset("d", Sample(*pair, parameters), None, {"1": Sample(*pair, {})}, {"seed": 1})
    read = read_dataset(write_dataset(tmp_path / "d.hdf5", written))
    assert jax.tree.structure(read.train) == jax.tree.structure(written.train)
    for a, b in zip(jax.tree.leaves(read.splits()), jax.tree.leaves(written.splits()), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert (read.name, read.provenance, list(read.test)) == ("d", {"seed": 1}, ["1"])
    assert (read.source, read.target) == (written.source, written.target)


def test_splits_and_the_order_of_the_tests_are_kept(dataset, tmp_path):
    read = read_dataset(write_dataset(tmp_path / "sub" / "noise.hdf5", dataset))
    assert list(read.splits()) == list(dataset.splits())
    np.testing.assert_array_equal(read.test["4"].targets.values, dataset.test["4"].targets.values)
    np.testing.assert_array_equal(read.validation.inputs.values, dataset.validation.inputs.values)


def test_arrays_that_were_read_belong_to_no_device(dataset, tmp_path):
    read = read_dataset(write_dataset(tmp_path / "noise.hdf5", dataset))
    elsewhere = jax.device_put(jnp.ones(()), jax.devices()[-1])
    total = read.train.inputs.values.sum() + elsewhere
    assert total.devices() == {jax.devices()[-1]}


def test_long_provenance_is_kept(dataset, tmp_path):
    long = Dataset("d", dataset.train, provenance={"log": "x" * 300_000})
    assert read_dataset(write_dataset(tmp_path / "d.hdf5", long)).provenance == long.provenance


def splits(file):
    return [file, file["validation"], file["test/8"], file["test/4"]]


@pytest.fixture(scope="module")
def well(dataset, tmp_path_factory):
    with h5py.File(write_dataset(tmp_path_factory.mktemp("well") / "noise.hdf5", dataset)) as file:
        yield file


def test_the_root_attributes_of_the_well_are_there(well):
    for split, count in zip(splits(well), (20, 5, 4, 4), strict=True):
        assert split.attrs["dataset_name"] == "noise"
        assert split.attrs["grid_type"] == "cartesian"
        assert split.attrs["n_spatial_dims"] == 2
        assert split.attrs["n_trajectories"] == count
        assert list(split.attrs["simulation_parameters"]) == ["viscosity", "modes"]
        assert [split.attrs[name] for name in split.attrs["simulation_parameters"]] == [0.25, 3.0]


def test_the_dimensions_hold_the_coordinates_of_the_cells(well):
    for split, n in zip(splits(well), (8, 8, 8, 4), strict=True):
        dimensions = split["dimensions"]
        assert list(dimensions.attrs["spatial_dims"]) == ["x", "y"]
        assert dimensions["time"].shape == (1,) and not dimensions["time"].attrs["sample_varying"]
        for name in ("x", "y"):
            np.testing.assert_allclose(dimensions[name], (np.arange(n) + 0.5) / n, rtol=1e-15)
            assert not dimensions[name].attrs["sample_varying"] and not dimensions[name].attrs["time_varying"]


def test_fields_are_listed_by_rank_and_say_what_they_vary_with(well, dataset):
    for split, sample in zip(splits(well), dataset.splits().values(), strict=True):
        assert list(split["t0_fields"].attrs["field_names"]) == ["a", "p"]
        assert list(split["t1_fields"].attrs["field_names"]) == list(split["t2_fields"].attrs["field_names"]) == []
        for name, field in (("a", sample.inputs), ("p", sample.targets)):
            stored = split["t0_fields"][name]
            np.testing.assert_array_equal(stored, field.values[..., 0])
            assert list(stored.attrs["dim_varying"]) == [True, True]
            assert stored.attrs["sample_varying"] and not stored.attrs["time_varying"]


def test_parameters_of_samples_are_scalars_that_vary_with_the_sample(well):
    assert list(well["scalars"].attrs["field_names"]) == ["number"]
    np.testing.assert_array_equal(well["scalars/number"], np.arange(20.0))
    assert well["scalars/number"].attrs["sample_varying"] and not well["scalars/number"].attrs["time_varying"]


def test_trajectories_vary_in_time(tmp_path):
    times = np.linspace(0, 1, 4)
    pair = fields(ON_LINE, WAVE), trajectories(ON_LINE, WAVE, times)
    with h5py.File(write_dataset(tmp_path / "d.hdf5", Dataset("d", Sample(*pair, {})))) as file:
        np.testing.assert_array_equal(file["dimensions/time"], times)
        assert file["t0_fields/u"].shape == (COUNT, 4, 6) and file["t0_fields/u"].attrs["time_varying"]
        assert file["t0_fields/u_input"].shape == (COUNT, 6) and not file["t0_fields/u_input"].attrs["time_varying"]


def test_conditions_have_a_kind_a_mask_and_values(tmp_path):
    pair = fields(ON_CHANNEL, FLOW), fields(ON_CHANNEL, FLOW.free(("w",)))
    with h5py.File(write_dataset(tmp_path / "d.hdf5", Dataset("d", Sample(*pair, {})))) as file:
        found = {}
        for condition in file["boundary_conditions"].values():
            assert not condition.attrs["sample_varying"] and not condition.attrs["time_varying"]
            (axis,) = condition.attrs["associated_dims"]
            assert condition["mask"].shape == file["dimensions"][axis].shape and condition["mask"].dtype == bool
            assert len(condition["values"]) == np.sum(condition["mask"])
            ends = (bool(condition["mask"][0]), bool(condition["mask"][-1]))
            key = (axis, *condition.attrs["associated_fields"], ends)
            found[key] = (condition.attrs["bc_type"], condition["values"][()].tolist())
    both = (True, True)
    assert found == {
        ("x", "u", "v", both): ("periodic", [0.0, 0.0]),
        ("x", "w", both): ("periodic", [0.0, 0.0]),
        ("y", "u", "v", (True, False)): ("wall", [[1.0, 0.0]]),
        ("y", "u", "v", (False, True)): ("wall", [0.5]),
        ("y", "w", both): ("open", [0.0, 0.0]),
    }


def test_a_sample_is_one_chunk(tmp_path):
    pair = fields(ON_CHANNEL, FLOW), trajectories(ON_CHANNEL, FLOW, np.arange(3.0))
    with h5py.File(write_dataset(tmp_path / "d.hdf5", Dataset("d", Sample(*pair, {})))) as file:
        assert file["t0_fields/u_input"].chunks == (1, 4, 5)
        assert file["t0_fields/u"].chunks == (1, 3, 4, 5)


def test_an_axis_named_time_does_not_displace_the_times(tmp_path):
    cylinder = Box.of(x=(0.0, 1.0), time=(0.0, 2.0))
    u = fields(cylinder.grid(3, 4), FunctionSpace(cylinder))
    path = write_dataset(tmp_path / "d.hdf5", Dataset("d", Sample(u, u, {})))
    with h5py.File(path) as file:
        assert list(file["dimensions"].attrs["spatial_dims"]) == ["x", "time_axis"]
    assert read_dataset(path).on == cylinder.grid(3, 4)


def test_a_condition_that_is_code_is_refused_before_anything_is_written(tmp_path):
    space = FunctionSpace(Box.cube(1), ("u",), Dirichlet(lambda x: x))
    u = fields(space.domain.grid(4), space)
    with pytest.raises(DataError, match="numbers and names, not code"):
        write_dataset(tmp_path / "d.hdf5", Dataset("d", Sample(u, u, {})))
    assert list(tmp_path.iterdir()) == []


def test_provenance_that_is_not_json_is_refused(dataset, tmp_path):
    with pytest.raises(DataError, match="provenance cannot be written as JSON"):
        write_dataset(tmp_path / "d.hdf5", Dataset("d", dataset.train, provenance={"solver": object()}))
    assert list(tmp_path.iterdir()) == []


def test_the_file_states_the_version_and_the_provenance(well, dataset):
    assert json.loads(well.attrs["provenance"]) == dataset.provenance
    assert well.attrs["version"].count(".") == 2


def test_equal_datasets_have_equal_checksums(dataset, tmp_path):
    one, two = (h5py.File(write_dataset(tmp_path / f"{i}.hdf5", dataset)) for i in range(2))
    with one, two:
        assert [s.attrs["sha256"] for s in splits(one)] == [s.attrs["sha256"] for s in splits(two)]
        assert len({s.attrs["sha256"] for s in splits(one)}) == 4


def test_grids_that_cannot_be_told_from_the_shape_are_told(tmp_path):
    """Cells and nodes have the same shape of values; the file must know which it was."""
    sample = random_sample(2, 8)
    nodes = Grid(sample.inputs.on.domain, (8, 8), "nodes")
    moved = Sample(*(Field.stack(part.values, nodes, part.space) for part in (sample.inputs, sample.targets)), {})
    assert read_dataset(write_dataset(tmp_path / "d.hdf5", Dataset("d", moved))).on == nodes
