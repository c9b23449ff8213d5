"""Batches from the file are those of the loader in memory, from any step on."""

import threading

import h5py
import jax
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from noise_samples import random_sample

from neuralpde.data import DataError, Dataset, DeviceLoader, StreamLoader, read_dataset, write_dataset


@pytest.fixture(scope="module")
def path(dataset, tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("stream") / "noise.hdf5", dataset)


def assert_equal_batches(one, other):
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("start", "stop"), [(0, 12), (7, 9), (3, 3), (1000, 1004)])
def test_streamed_batches_are_those_in_memory(start, stop, path, key):
    memory = DeviceLoader(read_dataset(path).train, 6)
    stream = StreamLoader(path, 6, key=key)
    assert stream.steps_per_epoch == memory.steps_per_epoch == 3
    batches = list(stream.batches(start, stop))
    assert len(batches) == stop - start
    for step, batch in enumerate(batches, start):
        assert_equal_batches(batch, memory.batch(step, key))


def test_a_stream_resumed_at_a_step_goes_on_as_if_never_stopped(path, key):
    stream = StreamLoader(path, 4, key=key)
    whole = list(stream.batches(0, 8))
    for batch, expected in zip(stream.batches(5, 8), whole[5:], strict=True):
        assert_equal_batches(batch, expected)


def test_any_split_is_streamed(path, dataset, key):
    (batch,) = StreamLoader(path, 4, key=key, split="test/4").batches(0, 1)
    rows = batch.parameters["number"].astype(int)
    np.testing.assert_array_equal(np.sort(rows), np.arange(4))
    np.testing.assert_array_equal(batch.targets.values, dataset.test["4"].targets.values[rows])


def test_numbers_are_cast_and_spread_over_devices(path, key):
    sharding = NamedSharding(Mesh(np.array(jax.devices()[:4]), ("data",)), PartitionSpec("data"))
    (batch,) = StreamLoader(path, 8, key=key, sharding=sharding, dtype=np.float32).batches(0, 1)
    for leaf in jax.tree.leaves(batch):
        assert leaf.dtype == np.float32 and leaf.sharding.is_equivalent_to(sharding, leaf.ndim)


def readers():
    return [thread for thread in threading.enumerate() if thread.name == "neuralpde-stream"]


def test_the_reading_thread_ends_with_the_iterator(path, key):
    stream = StreamLoader(path, 4, key=key)
    endless = stream.batches()
    next(endless)
    assert len(readers()) == 1
    endless.close()
    assert readers() == []
    list(stream.batches(0, 2))
    assert readers() == []


def test_no_more_is_read_than_asked_for_ahead(path, key, monkeypatch):
    read = []
    original = StreamLoader._load
    monkeypatch.setattr(StreamLoader, "_load", lambda self, *a: read.append(1) or original(self, *a))
    endless = StreamLoader(path, 4, key=key, ahead=2).batches()
    for _ in range(5):
        next(endless)
    endless.close()
    assert 5 <= len(read) <= 5 + 2 + 1  # two wait, one is in the hands of the thread


def test_an_error_while_reading_is_raised_where_the_batches_are_used(dataset, tmp_path, key):
    path = write_dataset(tmp_path / "noise.hdf5", dataset)
    stream = StreamLoader(path, 5, key=key)
    with h5py.File(path, "a") as file:
        file["t0_fields/p"][11, 0, 0] = np.nan
    with pytest.raises(DataError, match=r"field 'p' holds NaN.*sample 11;"):
        list(stream.batches(0, 4))
    assert readers() == []


def test_a_bad_file_is_refused_at_the_start(tmp_path, key):
    with pytest.raises(DataError, match="no dataset file"):
        StreamLoader(tmp_path / "absent.hdf5", 4, key=key)


def test_a_split_that_does_not_exist_is_refused(path, key):
    with pytest.raises(DataError, match=r"no split 'test/5'; it has train.*\['8', '4'\]"):
        StreamLoader(path, 4, key=key, split="test/5")


def test_a_batch_that_cannot_be_filled_is_refused(path, key):
    with pytest.raises(DataError, match="batch_size=21 does not fit a set of 20"):
        StreamLoader(path, 21, key=key)


def test_a_changed_file_is_refused_at_the_start(tmp_path, key):
    path = write_dataset(tmp_path / "noise.hdf5", Dataset("d", random_sample(4, 4)))
    with h5py.File(path, "a") as file:
        file["t0_fields/p"][0, 0, 0] += 1
    with pytest.raises(DataError, match="checksum"):
        StreamLoader(path, 2, key=key)
