"""What a dataset promises, and what it refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from noise_samples import COEFFICIENT, PRESSURE, SQUARE, random_sample

from neuralpde.data import DataError, Dataset
from neuralpde.errors import NeuralPDEError
from neuralpde.spaces import Box, Field, FunctionSpace, Points, Sample, Trajectory


def test_a_dataset_knows_its_spaces_and_its_training_grid(dataset):
    assert (dataset.source, dataset.target, dataset.on) == (COEFFICIENT, PRESSURE, SQUARE.grid(8))


@pytest.mark.parametrize("in_time", [False, True])
def test_scattered_training_points_are_those_of_one_function(in_time):
    cloud = Points(np.linspace(-1, 1, 10).reshape(5, 2), Box.cube(2, -1.0, 1.0))
    u = Field.stack(np.ones((4, 5, 1)), cloud, FunctionSpace(cloud.domain))
    if in_time:
        u = jax.vmap(lambda v: Trajectory(jnp.zeros(3), Field.stack(v, cloud, u.space)))(jnp.ones((4, 3, 5, 1)))
    np.testing.assert_array_equal(Dataset("cloud", Sample(u, u, {})).on.coords(), cloud.coords())


def test_splits_come_in_order_and_the_first_test_is_at_the_training_resolution(dataset):
    assert list(dataset.splits()) == ["train", "validation", "test/8", "test/4"]
    assert next(iter(dataset.test.values())).inputs.on == dataset.on


def test_data_errors_are_errors_of_the_package_and_value_errors():
    assert issubclass(DataError, NeuralPDEError) and issubclass(DataError, ValueError)


def test_inputs_and_targets_must_be_equally_many():
    sample = random_sample(4, 8)
    fewer = jax.tree.map(lambda leaf: leaf[:3], sample.targets)
    with pytest.raises(DataError, match=r"same number of samples.*\(4, 8, 8, 1\), \(3, 8, 8, 1\)"):
        Dataset("uneven", Sample(sample.inputs, fewer, {}))


def test_an_empty_split_is_refused():
    empty = jax.tree.map(lambda leaf: leaf[:0], random_sample(4, 8))
    with pytest.raises(DataError, match=r"'test/8'.*at least one"):
        Dataset("empty", random_sample(4, 8), None, {"8": empty})


def test_every_split_must_map_between_the_same_spaces():
    sample = random_sample(4, 8)
    other = Field.stack(sample.targets.values, SQUARE.grid(8), COEFFICIENT)
    with pytest.raises(DataError, match="targets of split 'test/8'"):
        Dataset("mixed", sample, None, {"8": Sample(sample.inputs, other, {})})
