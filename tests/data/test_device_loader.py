"""Batches on the device: every sample once an epoch, in an order that the key and the step alone decide."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from noise_samples import random_sample

from neuralpde.data import DataError, DeviceLoader
from neuralpde.data.loader import batch_indices, shuffled


@jax.jit
def _numbers(loader, step, key):
    return loader.batch(step, key).parameters["number"]


def numbers(loader, steps, key):
    """The numbers of the samples in the batches of ``steps``, (step, batch)."""
    return np.stack([_numbers(loader, step, key) for step in steps]).astype(int)


def loader_of(count, batch_size, **options):
    return DeviceLoader(random_sample(count, 2), batch_size, **options)


@pytest.mark.parametrize(("count", "batch_size"), [(1, 1), (12, 3), (12, 12), (100, 1), (128, 16)])
def test_every_sample_comes_exactly_once_an_epoch(count, batch_size, key):
    loader = loader_of(count, batch_size)
    for epoch in range(3):
        seen = numbers(loader, epoch * loader.steps_per_epoch + np.arange(loader.steps_per_epoch), key)
        np.testing.assert_array_equal(np.sort(seen, axis=None), np.arange(count))


@pytest.mark.parametrize(("count", "batch_size"), [(13, 4), (100, 99), (50, 16)])
def test_the_rest_of_an_epoch_is_left_out_and_changes(count, batch_size, key):
    loader = loader_of(count, batch_size)
    steps = np.arange(9 * loader.steps_per_epoch).reshape(9, -1)
    epochs = [numbers(loader, epoch, key) for epoch in steps]
    for seen in epochs:
        assert len(np.unique(seen)) == seen.size == count - count % batch_size
    left_out = [frozenset(range(count)) - set(seen.flat) for seen in epochs]
    assert len(set(left_out)) > 1


@pytest.mark.parametrize("count", [*range(1, 20), 97, 128, 1000, 4097])
def test_the_shuffle_is_a_permutation(count, key):
    places = shuffled(jnp.arange(count), key, count)
    np.testing.assert_array_equal(np.sort(places), np.arange(count))


def test_the_shuffle_sends_every_place_everywhere_equally_often():
    """Chi-square of the destinations of each of 10 places over 20000 keys: 81 degrees of freedom, +- 5
    sigma.
    """
    count, keys = 10, jax.random.split(jax.random.key(1), 20_000)
    sent = np.asarray(jax.jit(jax.vmap(lambda k: shuffled(jnp.arange(count), k, count)))(keys))
    table = np.stack([np.bincount(sent[:, place], minlength=count) for place in range(count)])
    expected = len(keys) / count
    assert abs(np.sum((table - expected) ** 2 / expected) - 81) < 5 * np.sqrt(2 * 81)


def test_all_permutations_of_four_are_equally_likely():
    """Chi-square over the 24 permutations and 48000 keys: 23 degrees of freedom, +- 5 sigma."""
    keys = jax.random.split(jax.random.key(3), 48_000)
    sent = np.asarray(jax.jit(jax.vmap(lambda k: shuffled(jnp.arange(4), k, 4)))(keys))
    _, table = np.unique(sent, axis=0, return_counts=True)
    assert len(table) == 24
    assert abs(np.sum((table - 2000) ** 2 / 2000) - 23) < 5 * np.sqrt(2 * 23)


def test_neighbours_are_separated_by_the_shuffle():
    """The distance of where i and i + 1 go is that of two random places: mean (n + 1) / 3 over many keys."""
    count, keys = 500, jax.random.split(jax.random.key(2), 200)
    sent = np.asarray(jax.jit(jax.vmap(lambda k: shuffled(jnp.arange(count), k, count)))(keys))
    distance = np.abs(np.diff(sent, axis=1))
    deviation = np.sqrt(
        count**2 / 18 / len(keys) / (count / 3)
    )  # of the mean, if a third of the pairs were independent
    assert abs(distance.mean() - (count + 1) / 3) < 5 * deviation


def test_epochs_and_keys_have_orders_of_their_own(key):
    loader = loader_of(64, 64)
    orders = [*numbers(loader, [0, 1, 2], key), *numbers(loader, [0], jax.random.key(1))]
    assert len({tuple(order) for order in orders}) == 4


def test_a_batch_is_a_function_of_the_step_alone(key):
    """So a run that is resumed at a step sees what the uninterrupted run would have seen."""
    loader = loader_of(20, 4)
    in_order, alone = numbers(loader, range(12), key), numbers(loader, [11, 3, 7], key)
    np.testing.assert_array_equal(alone, in_order[[11, 3, 7]])

    def body(step, _):
        return step + 1, loader.batch(step, key).parameters["number"]

    scanned = jax.jit(lambda: jax.lax.scan(body, 0, length=12)[1])()
    np.testing.assert_array_equal(scanned, in_order)


def test_the_arrays_of_a_batch_belong_together(key):
    samples = random_sample(20, 4)
    loader = DeviceLoader(samples, 5)
    batch = loader.batch(2, key)
    rows = batch.parameters["number"].astype(int)
    assert jax.tree.structure(batch) == jax.tree.structure(samples)
    np.testing.assert_array_equal(batch.inputs.values, samples.inputs.values[rows])
    np.testing.assert_array_equal(batch.targets.values, samples.targets.values[rows])


def test_an_epoch_far_away_is_still_a_permutation(key):
    count, batch_size, start = 40, 8, 5 * (2**31 // 5 // 5)
    seen = [batch_indices(jnp.int32(start + i), key, count, batch_size) for i in range(5)]
    np.testing.assert_array_equal(np.sort(np.concatenate(seen)), np.arange(count))


def test_the_cost_of_a_batch_does_not_grow_with_the_number_of_samples(key):
    def operations(count):
        compiled = jax.jit(lambda step: batch_indices(step, key, count, 16)).lower(0).compile()
        return compiled.cost_analysis()["flops"]

    assert operations(1_000_000) == operations(1_000)


@pytest.mark.parametrize("dtype", [None, jnp.float32, jnp.bfloat16])
def test_numbers_are_cast_to_the_type_asked_for(dtype, key):
    samples = random_sample(8, 2)
    samples = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), samples)
    batch = loader = DeviceLoader(samples, 2, dtype=dtype).batch(0, key)
    assert {leaf.dtype for leaf in jax.tree.leaves(loader)} == {jnp.dtype(dtype or float)}
    assert batch.inputs.values.shape == (2, 2, 2, 1)


def test_samples_that_lie_elsewhere_are_moved_to_the_default_device(key):
    with jax.default_device(jax.devices()[-1]):
        samples = random_sample(8, 2)
    assert samples.inputs.values.devices() == {jax.devices()[-1]}
    for leaf in jax.tree.leaves(DeviceLoader(samples, 2)):
        assert leaf.devices() == {jax.devices()[0]}


@pytest.mark.parametrize("batch_size", [0, -1, 21])
def test_a_batch_that_cannot_be_filled_is_refused(batch_size):
    with pytest.raises(DataError, match=f"batch_size={batch_size} does not fit a set of 20 samples"):
        loader_of(20, batch_size)


def test_a_sharded_batch_is_the_same_batch_without_communication(key):
    sharding = NamedSharding(Mesh(np.array(jax.devices()), ("data",)), PartitionSpec("data"))
    samples = random_sample(32, 4)
    alone, spread = DeviceLoader(samples, 16), DeviceLoader(samples, 16, sharding)
    batch = jax.jit(lambda loader, step: loader.batch(step, key))
    for step in range(4):
        one, many = batch(alone, step), batch(spread, step)
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(many), strict=True):
            np.testing.assert_array_equal(a, b)
            assert b.sharding.is_equivalent_to(sharding, b.ndim)
    program = batch.lower(spread, 0).compile().as_text()
    assert not any(word in program for word in ("all-gather", "all-reduce", "all-to-all", "collective-permute"))
