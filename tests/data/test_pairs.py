"""Pairs from trajectories: windows, first and last states, of any source."""

import foreign_files
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import (
    DataError,
    Dataset,
    InMemory,
    SampleSource,
    TrajectorySource,
    frames,
    initial_to_final,
    open_pdebench,
    paired,
    write_dataset,
)
from neuralpde.data.store import open_split, reading
from neuralpde.spaces import Box, Field, FunctionSpace, Neumann, Sample, Trajectory

SPACE = FunctionSpace(Box.cube(1), ("u", "v"), Neumann(0.0))
FORCED = FunctionSpace(Box.cube(1), ("u", "v", "force"))


def trajectories(count=3, steps=6, n=4) -> tuple[Sample, np.ndarray, np.ndarray]:
    """A stacked sample, its states (sample, time, n, 2) and a force (sample, n)."""
    on = SPACE.domain.grid(n)
    values = foreign_files.numbers(count, steps, n, 2, dtype=float)
    force = foreign_files.numbers(count, n, seed=1, dtype=float)
    times = np.tile(np.arange(steps, dtype=float), (count, 1))
    states = jax.vmap(lambda t, v: Trajectory(t, Field.stack(v, on, SPACE)))(jnp.asarray(times), jnp.asarray(values))
    inputs = Field.stack(np.concatenate([values[:, 0], force[..., None]], -1), on, FORCED)
    return Sample(inputs, states, {"nu": jnp.arange(float(count))}), values, force


@pytest.mark.parametrize(("history", "horizon"), [(1, 1), (3, 1), (2, 3)])
def test_windows_are_those_of_a_plain_loop(history, horizon):
    sample, values, force = trajectories()
    pairs = frames(InMemory(sample), history, horizon)
    read, place = pairs.read(), 0
    for i in range(3):
        for start in range(6 - history - horizon + 1):
            window = values[i, start : start + history]
            for age in range(history):
                np.testing.assert_array_equal(read.inputs.values[place, :, 2 * age : 2 * age + 2], window[age])
            np.testing.assert_array_equal(read.inputs.values[place, :, -1], force[i])
            np.testing.assert_array_equal(read.targets.values[place], values[i, start + history - 1 + horizon])
            assert read.parameters["nu"][place] == i
            place += 1
    assert pairs.count == place == len(read.targets.values)


def test_components_say_how_old_they_are():
    sample, *_ = trajectories()
    space = frames(InMemory(sample), 2).read([0]).inputs.space
    assert space.names == ("u@-1", "v@-1", "u@0", "v@0", "force")


def test_conditions_of_the_states_hold_for_their_history():
    sample, *_ = trajectories()
    states = Sample(Field.stack(sample.inputs.values[..., :2], SPACE.domain.grid(4), SPACE), sample.targets, {})
    assert frames(InMemory(states), 2).read([0]).inputs.space.boundary == SPACE.boundary
    assert frames(InMemory(states), 2).read([0]).targets.space == SPACE


def test_any_rows_come_in_the_order_asked_for():
    sample, *_ = trajectories()
    pairs = frames(InMemory(sample), 2)
    whole, rows = pairs.read(), [7, 0, 11, 7, 3]
    for a, b in zip(jax.tree.leaves(pairs.read(rows)), jax.tree.leaves(whole), strict=True):
        np.testing.assert_array_equal(a, b[rows])
    np.testing.assert_array_equal(pairs.read(slice(2, 9, 3)).targets.values, whole.targets.values[2:9:3])


def test_the_last_state_is_the_target_of_the_first():
    sample, values, force = trajectories()
    read = initial_to_final(InMemory(sample)).read([2, 0])
    np.testing.assert_array_equal(read.targets.values, values[[2, 0], -1])
    np.testing.assert_array_equal(read.inputs.values[..., :2], values[[2, 0], 0])
    np.testing.assert_array_equal(read.inputs.values[..., 2], force[[2, 0]])


def test_sources_keep_the_protocols(tmp_path):
    foreign_files.pdebench_tensor(tmp_path / "a")
    source = open_pdebench(tmp_path / "a")
    assert isinstance(source, TrajectorySource) and isinstance(InMemory(trajectories()[0]), TrajectorySource)
    assert isinstance(frames(source), SampleSource) and isinstance(initial_to_final(source), SampleSource)


def test_our_own_files_give_the_same_pairs(tmp_path):
    sample, *_ = trajectories()
    path = write_dataset(tmp_path / "ours.hdf5", Dataset("ours", sample))
    with reading(path) as file:
        ours = frames(open_split(file, "train"), 2).read([5, 1])
    memory = frames(InMemory(sample), 2).read([5, 1])
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(memory), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_dataset_of_trajectories_becomes_one_of_pairs():
    sample, values, _ = trajectories()
    dataset = paired(Dataset("d", sample, sample, {"4": sample}), frames)
    assert dataset.train.inputs.values.shape == (15, 4, 3)
    np.testing.assert_array_equal(dataset.test["4"].targets.values, values[:, 1:].reshape(15, 4, 2))


def test_what_cannot_be_cut_is_refused():
    sample, *_ = trajectories()
    source = InMemory(sample)
    with pytest.raises(DataError, match=r"need 8 states, trajectory 0 has 6"):
        frames(source, history=6, horizon=2)
    with pytest.raises(DataError, match="history=0 and horizon=1 must be at least 1"):
        frames(source, history=0)
    fields = initial_to_final(source).read()
    with pytest.raises(DataError, match="these samples map to Fields"):
        initial_to_final(InMemory(fields)).read()
