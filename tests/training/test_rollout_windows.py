"""Windows of trajectories on the device: those cut by hand, each once an epoch; jumps of the stated law."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.advected import dataset, trajectories

from neuralpde.data import frames, paired
from neuralpde.training import RolloutTask, TrainingArgumentError
from neuralpde.training.rollout_windows import JumpLoader, Trajectories, WindowLoader, jump


@pytest.mark.slow
def test_windows_are_those_cut_by_hand_and_come_once_an_epoch(key):
    stride, samples = 3, trajectories(3, 10, force=True)
    loader = WindowLoader(Trajectories(samples), 2, length=3, stride=stride)
    starts = 10 - 2 * stride
    assert loader.count == 3 * starts
    batch, seen = eqx.filter_jit(loader.batch), set()
    for step in range(loader.count // 2):
        windows = batch(step, key)
        assert windows.horizon is None
        for i in range(2):
            row = int(windows.parameters["number"][i])
            start = round(float(windows.states.times[i, 0]) / 0.05)
            frames = slice(start, start + 2 * stride + 1, stride)
            np.testing.assert_array_equal(windows.states.field.values[i], samples.targets.field.values[row, frames])
            np.testing.assert_array_equal(windows.states.times[i], samples.targets.times[row, frames])
            np.testing.assert_array_equal(windows.constants.values[i, :, 0], samples.inputs.values[row, :, 1])
            seen.add((row, start))
    assert len(seen) == loader.count
    assert windows.constants.space.names == ("force",)


def test_horizon_grows_to_its_end_and_stays_there(key):
    loader = WindowLoader(Trajectories(trajectories(3, 10)), 2, length=5, horizon=4, grow=8)
    horizons = [int(loader.batch(step, key).horizon) for step in range(12)]
    assert horizons == [1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4]


def test_ends_of_jumps_are_uniform_and_their_starts_have_the_stated_weights():
    length, draws = 5, 40_000
    starts, ends = jax.vmap(lambda k: jump(k, length))(jax.random.split(jax.random.key(3), draws))
    assert bool(jnp.all(starts < ends))
    for end in range(1, length):
        here = np.asarray(starts)[np.asarray(ends) == end]
        assert len(here) / draws == pytest.approx(1 / (length - 1), abs=0.01)
        weights = 1 / (np.arange(end) + 1)
        expected = weights / weights.sum()
        np.testing.assert_allclose(np.bincount(here, minlength=end) / len(here), expected, atol=0.02)


def test_jumps_are_pairs_of_states_of_one_trajectory(key):
    samples = trajectories(4, 6)
    windows = JumpLoader(Trajectories(samples), 4).batch(3, key)
    for i in range(4):
        row = int(windows.parameters["number"][i])
        frames = np.round(np.asarray(windows.states.times[i]) / 0.05).astype(int)
        assert frames[0] < frames[1]
        np.testing.assert_array_equal(windows.states.field.values[i], samples.targets.field.values[row, frames])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"horizon": 12}, "spans 13 stored states and the trajectories have 12"),
        ({"stride": 6, "history": 3}, "states"),
        ({"history": 0}, "history=0"),
        ({"predict": "jump"}, "state, residual, difference"),
        ({"loss": "mse"}, "mean_square"),
        ({"jumps": True, "history": 2}, "jumps=true"),
        ({"cut": 0}, "cut=0"),
        ({"noise": -1.0}, "noise=-1"),
        ({"batch_size": 100}, "batch_size=100"),
    ],
)
def test_unusable_options_are_refused_with_what_to_do(options, says):
    with pytest.raises(ValueError, match=says):
        RolloutTask(dataset(), **{"batch_size": 2, **options})


def test_pairs_are_refused():
    with pytest.raises(TrainingArgumentError, match="pairs=null"):
        RolloutTask(paired(dataset(), frames))
