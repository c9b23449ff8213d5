"""Archives of DeepXDE's operator examples: shared queries, and one query a function."""

import foreign_files
import jax
import numpy as np
import pytest

from neuralpde.data import DataError, InMemory, deepxde_npz, read_deepxde
from neuralpde.spaces import Box, Points


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.npz"


@pytest.mark.parametrize("names", [("X0", "X1", "y"), ("X_train0", "X_train1", "y_train")])
def test_aligned_functions_share_their_queries(names, path):
    arrays = foreign_files.deepxde_aligned(path, names=names)
    sample = read_deepxde(path, sensors=(-1.0, 1.0))
    assert sample.inputs.on == Box.cube(1, -1.0, 1.0).grid(12, layout="nodes")
    np.testing.assert_array_equal(sample.inputs.values[..., 0], arrays[names[0]])
    np.testing.assert_array_equal(sample.targets.values[..., 0], arrays[names[2]])
    assert isinstance(sample.targets.on, Points)
    np.testing.assert_array_equal(sample.targets.on.x, np.broadcast_to(arrays[names[1]], (10, 7, 1)))


def test_unaligned_functions_have_a_query_each(path):
    arrays = foreign_files.deepxde_unaligned(path)
    dataset = deepxde_npz(str(path), domain=[[0.0, 1.0], [0.0, 1.0]])
    assert dataset.target.domain == Box.cube(2) and dataset.test == {}
    np.testing.assert_array_equal(dataset.train.targets.on.x, arrays["X_train1"][:, None])
    np.testing.assert_array_equal(dataset.train.targets.values[..., 0], arrays["y_train"])
    assert dataset.train.targets.values.shape == (10, 1, 1)


def test_training_and_test_set_may_be_two_files_and_share_a_domain(tmp_path):
    foreign_files.deepxde_unaligned(tmp_path / "a.npz")
    held = foreign_files.deepxde_unaligned(tmp_path / "b.npz", count=4, split="test")
    dataset = deepxde_npz(str(tmp_path / "a.npz"), str(tmp_path / "b.npz"), train=5)
    assert dataset.train.inputs.values.shape == (5, 12, 1)
    np.testing.assert_array_equal(dataset.test["test"].inputs.values[..., 0], held["X_test0"])


def test_quadrature_weights_add_up_to_the_volume(path):
    foreign_files.deepxde_aligned(path)
    sample = jax.tree.map(lambda leaf: leaf[0], read_deepxde(path, domain=[(0.0, 3.0)]))
    np.testing.assert_allclose(sample.targets.on.w.sum(), 3.0)


def test_object_arrays_are_never_unpickled(path):
    np.savez(path, X=np.asarray([np.zeros((2, 3)), np.zeros((4, 1))], object), y=np.zeros((2, 4)))
    with pytest.raises(DataError, match=r"Python objects in \['X'\].*nothing in a file is ever run.*np\.savez"):
        read_deepxde(path)


DEFECTS = [
    ({"X0": np.zeros((4, 3))}, "has the arrays .'X0'.; expected X_train0"),
    ({"X0": np.zeros((4, 3)), "X1": np.zeros((5, 1)), "y": np.zeros((4, 6))}, "neither aligned nor unaligned"),
    ({"X0": np.zeros((4, 3)), "X1": np.zeros((4, 1)), "y": np.zeros((3, 4))}, r"y \(3, 4\); expected"),
    ({"X0": np.zeros((1, 3)), "X1": np.zeros((1, 1)), "y": np.zeros((1, 1))}, "may be aligned or unaligned"),
    ({"X0": np.full((4, 3), np.nan), "X1": np.zeros((5, 1)), "y": np.zeros((4, 5))}, "field 'X0' holds NaN"),
    ({"X0": np.full((4, 3), "a"), "X1": np.zeros((5, 1)), "y": np.zeros((4, 5))}, "in 'X0'; expected real numbers"),
]


@pytest.mark.parametrize(("arrays", "said"), DEFECTS)
def test_planted_defects_are_named(arrays, said, path):
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=said) as error:
        read_deepxde(path)
    assert str(path) in str(error.value)


def test_a_truncated_archive_is_refused(path):
    foreign_files.deepxde_aligned(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="cannot be read as an archive of numpy"):
        read_deepxde(path)


def test_samples_in_memory_are_a_source(path):
    arrays = foreign_files.deepxde_aligned(path)
    part = InMemory(read_deepxde(path)).read([3, 1])
    np.testing.assert_array_equal(part.targets.values[..., 0], arrays["y"][[3, 1]])
