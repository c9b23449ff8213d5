"""Text exports of COMSOL: columns are expressions at times and settings of parameters."""

import foreign_files
import jax
import numpy as np
import pytest

from neuralpde.data import DataError, comsol, comsol_source, frames, read_comsol
from neuralpde.equations import Burgers
from neuralpde.spaces import Ball, Box, Field, Trajectory


@pytest.fixture
def path(tmp_path):
    return tmp_path / "export.dat"


def test_expressions_at_times_are_a_trajectory_on_points(path):
    table = foreign_files.comsol(path)
    u = read_comsol(path)
    assert isinstance(u, Trajectory) and u.field.space.names == ("u", "p")
    np.testing.assert_array_equal(u.times, [0, 0.5, 1])
    np.testing.assert_array_equal(u.field.on.x, np.broadcast_to(table[:, :2], (3, 9, 2)))
    np.testing.assert_array_equal(u.field.values, table[:, 2:].reshape(9, 3, 2).swapaxes(0, 1))
    lower, upper = table[:, :2].min(0), table[:, :2].max(0)
    assert u.field.space.domain == Box.of(x=(lower[0], upper[0]), y=(lower[1], upper[1]))


def test_a_stationary_export_is_a_field_and_its_setting_a_parameter(path):
    table = foreign_files.comsol(path, settings=("Re=100",))
    u = read_comsol(path, domain=Ball((0.5, 0.5), 1.0))
    assert isinstance(u, Field) and u.space.domain == Ball((0.5, 0.5), 1.0)
    np.testing.assert_array_equal(u.values, table[:, 2:])
    assert comsol_source(path).read().parameters == {"Re": np.asarray([100.0])}


def test_settings_of_parameters_are_samples(path):
    table = foreign_files.comsol(path, settings=("t=0, nu=0.1", "t=1, nu=0.1", "t=0, nu=0.2", "t=1, nu=0.2"))
    sample = comsol_source(path).read()
    np.testing.assert_array_equal(sample.parameters["nu"], [0.1, 0.2])
    np.testing.assert_array_equal(sample.targets.field.values[1, 1], table[:, -2:])
    with pytest.raises(DataError, match="2 settings of its parameters"):
        read_comsol(path)


def test_columns_of_a_file_without_header_are_named_by_the_caller(path):
    table = np.random.default_rng(0).uniform(size=(5, 3))
    np.savetxt(path, table, fmt="%.17g")
    np.testing.assert_array_equal(read_comsol(path, names=["x", "y", "u"]).values, table[:, 2:])
    with pytest.raises(DataError, match="has no header; expected the names of its columns"):
        read_comsol(path)


def test_a_trajectory_is_a_dataset_of_steps(path):
    table = foreign_files.comsol(path, settings=[f"t={i}" for i in range(6)])
    dataset = comsol(str(path), pairs=frames)
    assert dataset.train.inputs.values.shape == (4, 9, 2) and list(dataset.test) == ["9"]
    np.testing.assert_array_equal(dataset.test["9"].targets.values[0], table[:, -2:])


def test_planted_defects_are_named(path):
    foreign_files.comsol(path)
    text = path.read_text()
    lines = text.splitlines()
    for content, said in (
        ("\n".join(lines[:-2]), "has 7 lines; expected the 9 nodes of its header .it is cut off."),
        (text.replace("u (m/s) @ t=0.5", "w @ t=0.5"), "lacks .*'w', 0.0"),
        (text.replace("p @ t=1", "p @ t=later"), "expected numbers after @ NAME="),
        (text.replace("p @ t=1", "p"), "with and without a time"),
        ("\n".join([*lines[:-1], lines[-1].rsplit(maxsplit=1)[0] + " NaN"]), "NaN or infinity at point 8"),
        ("\n".join([*lines[:-1], lines[-1] + " 1"]), "cannot be read as a text export"),
    ):
        path.write_text(content)
        with pytest.raises(DataError, match=said) as error:
            read_comsol(path)
        assert str(path) in str(error.value)


@pytest.mark.external
def test_the_published_burgers_solution(external_data):
    u = read_comsol(external_data / "pinnacle" / "burgers1d.dat")
    np.testing.assert_allclose(u.times, np.linspace(0, 1, 11))
    x = np.asarray(u.field.on.x[0, :, 0])
    np.testing.assert_allclose(x, np.linspace(-1, 1, 101), atol=1e-12)
    np.testing.assert_allclose(u.field.values[0, :, 0], -np.sin(np.pi * x), atol=1e-3)
    # It is a percent away from the exact solution, by the front that stands at x = 0 from t = 0.4 on.
    exact = Burgers(0.01 / np.pi).exact(Box.of(x=(-1.0, 1.0), t=(0.0, 1.0)))
    points = np.stack(np.broadcast_arrays(x, np.asarray(u.times)[:, None]), -1)
    truth = np.asarray(jax.vmap(jax.vmap(exact))(points))[..., 0]
    distance = np.linalg.norm(u.field.values[..., 0] - truth) / np.linalg.norm(truth)
    print(f"burgers1d.dat against Cole-Hopf: relative L2 {distance:.2e}")
    assert distance == pytest.approx(1.3e-2, abs=1e-3)


@pytest.mark.external
def test_the_published_cavity_has_its_lid(external_data):
    u = read_comsol(external_data / "pinnacle" / "lid_driven_a4.dat")
    assert u.space.names == ("u", "v", "p") and u.values.shape == (10201, 3)
    lid = np.asarray(u.on.x[:, 1]) == 1.0
    x = np.asarray(u.on.x[lid, 0])
    np.testing.assert_allclose(u.values[lid, 0], 4 * x * (1 - x), atol=5e-4)


@pytest.mark.external
def test_the_published_laplace_solution_has_no_header(external_data):
    u = read_comsol(external_data / "pinnacle" / "poisson_classic.dat", names=["x", "y", "u"])
    outer = np.abs(np.asarray(u.on.x)).max(axis=1) == 0.5
    np.testing.assert_array_equal(u.values[outer, 0], 1.0)
    assert float(u.values.min()) == 0.0
