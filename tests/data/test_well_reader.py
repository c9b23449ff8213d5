"""Files of The Well: the whole schema, with the axes that flags leave out."""

import foreign_files
import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import DataError, Dataset, frames, open_well, the_well, well_normalizer, write_dataset
from neuralpde.spaces import Box, Dirichlet, Field, Free, FunctionSpace, Periodic, Sample, Trajectory

STATES = ("density", "profile", "velocity_x", "velocity_y", *(f"stress_{i}{j}" for i in "xy" for j in "xy"))
CONSTANTS = ("mask", "gravity_x", "gravity_y")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "a.hdf5"


def test_components_are_scalars_then_vectors_then_tensors(file):
    foreign_files.the_well(file)
    source = open_well(file)
    assert source.target.names == STATES
    assert source.source.names == (*STATES, *CONSTANTS)


def test_absent_axes_are_repeated(file):
    arrays = foreign_files.the_well(file)
    sample = open_well(file).read()
    states, inputs = sample.targets.field.values, sample.inputs.values
    assert states.shape == (3, 5, 8, 4, 8) and inputs.shape == (3, 8, 4, 11)
    for i in range(3):
        for x in range(8):
            for y in range(4):
                for t in range(5):
                    expected = [
                        arrays["t0_fields/density"][i, t, x, y],
                        arrays["t0_fields/profile"][i, t, y],
                        *arrays["t1_fields/velocity"][i, t, x, y],
                        *arrays["t2_fields/stress"][i, t, x, y].ravel(),
                    ]
                    np.testing.assert_array_equal(states[i, t, x, y], expected)
                constants = [arrays["t0_fields/mask"][x, y], *arrays["t1_fields/gravity"]]
                np.testing.assert_array_equal(inputs[i, x, y], [*states[i, 0, x, y], *constants])


def test_the_grid_and_its_sides_are_those_of_the_file(file):
    arrays = foreign_files.the_well(file)
    source = open_well(file)
    assert source.on.layout == ("periodic", "nodes")
    assert source.on.domain == Box.of(x=(0, 2 * np.pi), y=(-1, 1), periodic=["x"])
    for axis, name in enumerate("xy"):
        np.testing.assert_allclose(source.on.axis_coords(axis), arrays[f"dimensions/{name}"], atol=1e-6)
    assert source.target.boundary == ((Periodic(), Periodic()), (Dirichlet(0.25), Free()))


def test_a_wall_of_some_fields_is_no_condition_of_all(file):
    foreign_files.the_well(file)
    with h5py.File(file, "a") as opened:
        opened["boundary_conditions/y_wall"].attrs["associated_fields"] = ["velocity"]
    assert open_well(file).target.boundary[1] == (Free(), Free())


def test_scalars_and_the_parameters_of_the_simulation_are_parameters(file):
    arrays = foreign_files.the_well(file, drag=0.125)
    parameters = open_well(file).read([2, 0]).parameters
    np.testing.assert_array_equal(parameters["drag"], [0.125, 0.125])
    np.testing.assert_array_equal(parameters["reynolds"], arrays["scalars/reynolds"][[2, 0]])
    np.testing.assert_array_equal(parameters["length"], np.repeat(arrays["scalars/length"], 2))
    np.testing.assert_array_equal(parameters["forcing"], np.tile(arrays["scalars/forcing"], (2, 1)))
    np.testing.assert_array_equal(parameters["inflow"], arrays["scalars/inflow"][[2, 0]])


def test_a_window_has_the_scalars_of_its_last_state_and_the_constants_once(file):
    arrays = foreign_files.the_well(file)
    pairs = frames(open_well(file), history=2)
    assert pairs.count == 3 * 3
    pair = pairs.read([4])  # trajectory 1, states 1 and 2, then 3
    assert pair.inputs.space.names == (*(f"{n}@{age}" for age in (-1, 0) for n in STATES), *CONSTANTS)
    np.testing.assert_array_equal(pair.parameters["inflow"], arrays["scalars/inflow"][[1], 2])
    np.testing.assert_array_equal(pair.parameters["forcing"], arrays["scalars/forcing"][[2]])
    np.testing.assert_array_equal(pair.inputs.values[0, ..., -3], arrays["t0_fields/mask"])


def test_folders_are_splits_and_files_settings_of_parameters(tmp_path):
    low = foreign_files.the_well(tmp_path / "data/train/low.hdf5", drag=0.1)
    high = foreign_files.the_well(tmp_path / "data/train/high.hdf5", drag=0.9, seed=50)
    held = foreign_files.the_well(tmp_path / "data/test/low.hdf5", seed=90)
    dataset = the_well(str(tmp_path))
    expected = np.concatenate([high["t0_fields/density"], low["t0_fields/density"]])  # by name
    np.testing.assert_array_equal(dataset.train.targets.field.values[..., 0], expected)
    np.testing.assert_allclose(dataset.train.parameters["drag"], [0.9] * 3 + [0.1] * 3)
    np.testing.assert_array_equal(dataset.test["8x4"].targets.field.values[..., 0], held["t0_fields/density"])
    assert dataset.validation is None


def test_files_of_different_duration_give_pairs_but_cannot_be_stacked(tmp_path):
    foreign_files.the_well(tmp_path / "a.hdf5", steps=5)
    foreign_files.the_well(tmp_path / "b.hdf5", steps=4, seed=50)
    source = open_well(tmp_path)
    assert [source.steps(row) for row in range(6)] == [5, 5, 5, 4, 4, 4]
    assert frames(source).count == 3 * 4 + 3 * 3
    with pytest.raises(DataError, match=r"have \[4, 5\] states and cannot be stacked"):
        source.read()
    assert source.read([0, 5], slice(0, 4)).targets.times.shape == (2, 4)


def test_statistics_become_a_normaliser(file, tmp_path):
    foreign_files.the_well(file)
    (tmp_path / "stats.yaml").write_text(foreign_files.STATISTICS)
    space = open_well(file).target
    normalizer = well_normalizer(tmp_path, space)
    mean, std = normalizer.statistics.value
    np.testing.assert_array_equal(mean, np.arange(1.0, 9.0))
    np.testing.assert_allclose(std, np.arange(1.0, 9.0) / 10)
    u = Field(jnp.ones((8, 4, 8)), open_well(file).on, space)
    np.testing.assert_allclose(normalizer.decode(normalizer.encode(u)).values, u.values, rtol=1e-12)
    assert well_normalizer(tmp_path, space.renamed("velocity_y@-1", "density@0")).statistics.value[0].tolist() == [4, 1]
    with pytest.raises(DataError, match=r"no mean of \['vorticity'\]"):
        well_normalizer(tmp_path, space.renamed("vorticity"))


def test_our_own_files_of_trajectories_follow_the_schema(tmp_path):
    """A reader of the schema, written from its description alone, reads what our writer writes."""
    space = FunctionSpace(Box.of(x=(0, 1), y=(0, 2), periodic=["x"]), ("u", "v"))
    on = space.domain.grid(8, 4)
    values, times = foreign_files.numbers(3, 5, 8, 4, 2), np.tile(np.linspace(0, 1, 5), (3, 1))
    states = jax.vmap(lambda t, v: Trajectory(t, Field.stack(v, on, space)))(times, values)
    field = Field.stack(values[:, 0], on, space)
    path = write_dataset(tmp_path / "ours.hdf5", Dataset("ours", Sample(field, states, {"nu": jnp.arange(3.0)})))
    sample = open_well(path).read()
    names = list(sample.targets.field.space.names)
    np.testing.assert_array_equal(sample.targets.field.values[..., names.index("u")], values[..., 0])
    np.testing.assert_array_equal(sample.targets.field.values[..., names.index("v")], values[..., 1])
    np.testing.assert_allclose(sample.targets.times, times)
    np.testing.assert_array_equal(sample.parameters["nu"], np.arange(3.0))
    assert sample.targets.field.on == on


DEFECTS = [
    (lambda f: f.__delitem__("scalars"), "no group 'scalars' beside"),
    (lambda f: f.__delitem__("t1_fields/velocity"), "no /t1_fields/velocity, which its field_names list"),
    (lambda f: f.attrs.__delitem__("n_trajectories"), "no attribute 'n_trajectories' on /"),
    (lambda f: f["t0_fields/density"].attrs.__setitem__("time_varying", False), "the axes .'sample', 'x', 'y'."),
    (lambda f: f["t0_fields/density"].attrs.__setitem__("dim_varying", [True]), "1 flags dim_varying"),
    (lambda f: f.attrs.__setitem__("grid_type", "spherical"), "grid of type 'spherical'"),
    (lambda f: f["dimensions/x"].attrs.__setitem__("time_varying", True), "coordinates dimensions/x that vary"),
    (lambda f: f.__delitem__("dimensions/time"), "no dimensions/time"),
]


@pytest.mark.parametrize(("plant", "said"), DEFECTS)
def test_planted_defects_are_named(plant, said, file):
    foreign_files.the_well(file)
    with h5py.File(file, "a") as opened:
        plant(opened)
    with pytest.raises(DataError, match=said) as error:
        open_well(file)
    assert str(file) in str(error.value) and "\n" not in str(error.value)


def test_a_permuted_field_is_refused(file):
    arrays = foreign_files.the_well(file)
    with h5py.File(file, "a") as opened:
        attributes = dict(opened["t0_fields/density"].attrs)
        del opened["t0_fields/density"]
        opened["t0_fields/density"] = arrays["t0_fields/density"].swapaxes(2, 3)
        opened["t0_fields/density"].attrs.update(attributes)
    with pytest.raises(DataError, match=r"\(3, 5, 4, 8\) in '/?t0_fields/density' \(the axes look permuted\)"):
        open_well(file)
