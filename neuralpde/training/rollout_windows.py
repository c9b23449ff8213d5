"""Stretches of trajectories that live on the device: which states, of which trajectory, is a function of step and key."""

from __future__ import annotations

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray

from neuralpde.data.loader import batch_indices, check_batch_size
from neuralpde.data.placement import put_on_device
from neuralpde.operators import constants_of
from neuralpde.spaces import Field, Sample, Trajectory

from .failures import TrainingArgumentError


class Window(eqx.Module):
    """Some states of one trajectory, and what stays the same over all of it.

    ``horizon`` is how many of the steps that are trained on count now; all of them where it is None.
    """

    states: Trajectory
    constants: Field | None
    parameters: dict[str, Array]
    horizon: Int[Array, ""] | None = None


class Trajectories(eqx.Module):
    """Stacked trajectories of one length, on the device; constants are the components of the inputs that are no states.

    Raises `TrainingArgumentError` where the targets of the samples are no trajectories.
    """

    states: Trajectory
    constants: Field | None
    parameters: dict[str, Array]

    def __init__(self, samples: Sample):
        trajectory_of(samples)
        samples = put_on_device(samples)
        self.states, self.parameters = trajectory_of(samples), dict(samples.parameters)
        self.constants = jax.vmap(constants_of)(samples)

    @property
    def count(self) -> int:
        return self.states.times.shape[0]

    @property
    def length(self) -> int:
        """Number of states of each."""
        return self.states.times.shape[1]

    def windows(self, rows: Int[Array, " n"], frames: Int[Array, "n length"]) -> Window:
        """The states at ``frames`` of the trajectories ``rows``, stacked."""
        of_rows = lambda leaf: leaf[rows]
        return Window(
            states=jax.tree.map(lambda leaf: leaf[rows[:, None], frames], self.states),
            constants=jax.tree.map(of_rows, self.constants),
            parameters=jax.tree.map(of_rows, self.parameters),
        )


class WindowLoader(eqx.Module):
    """Windows of ``length`` states, ``stride`` stored states apart, from anywhere in the trajectories.

    Windows are numbered by trajectory, then by time, and come in the order of `neuralpde.data.DeviceLoader`: none
    comes twice in an epoch. With ``grow`` the number of states that count after the history rises from one to
    ``horizon`` in equal parts of so many steps.
    """

    trajectories: Trajectories
    batch_size: int = eqx.field(static=True)
    length: int = eqx.field(static=True)
    stride: int = eqx.field(static=True)
    horizon: int = eqx.field(static=True)
    grow: int | None = eqx.field(static=True)

    def __init__(
        self,
        trajectories: Trajectories,
        batch_size: int,
        length: int,
        stride: int = 1,
        horizon: int = 1,
        grow: int | None = None,
    ):
        self.trajectories = trajectories
        self.length, self.stride, self.horizon, self.grow = length, stride, horizon, grow
        span = (length - 1) * stride + 1
        if span > self.trajectories.length:
            raise TrainingArgumentError(
                f"A window of {length} states, {stride} apart, spans {span} stored states and the trajectories have "
                f"{self.trajectories.length}; choose a shorter history, horizon, pushforward or stride."
            )
        check_batch_size(batch_size, self.count)
        self.batch_size = batch_size

    @property
    def starts(self) -> int:
        """Number of windows in one trajectory."""
        return self.trajectories.length - (self.length - 1) * self.stride

    @property
    def count(self) -> int:
        """Number of windows."""
        return self.trajectories.count * self.starts

    def batch(self, step: Int[Array, ""] | int, key: PRNGKeyArray) -> Window:
        """The windows of a step, stacked; to be called inside jit."""
        numbers = batch_indices(step, key, self.count, self.batch_size)
        rows, starts = jnp.divmod(numbers, self.starts)
        frames = starts[:, None] + self.stride * jnp.arange(self.length)
        windows = self.trajectories.windows(rows, frames)
        if self.grow is None:
            return windows
        horizon = jnp.minimum(1 + jnp.asarray(step) * self.horizon // self.grow, self.horizon)
        return dataclasses.replace(windows, horizon=horizon)


class JumpLoader(eqx.Module):
    """Pairs of states of one trajectory any time apart, drawn anew at every step.

    ``t_end`` is uniform in 1, ..., T - 1, then ``t_start < t_end`` has the weight ``1 / (t_start + 1)``, so that long
    jumps are as well represented as short ones (Zhang et al., "SineNet", ICLR 2024, for conditional problems).
    """

    trajectories: Trajectories
    batch_size: int = eqx.field(static=True)

    def __init__(self, trajectories: Trajectories, batch_size: int):
        self.trajectories = trajectories
        check_batch_size(batch_size, self.trajectories.count)
        self.batch_size = batch_size

    def batch(self, step: Int[Array, ""] | int, key: PRNGKeyArray) -> Window:
        """The pairs of a step, windows of two states; to be called inside jit."""
        rows = batch_indices(step, key, self.trajectories.count, self.batch_size)
        keys = jax.random.split(jax.random.fold_in(key, step), self.batch_size)
        frames = jnp.stack(jax.vmap(lambda k: jump(k, self.trajectories.length))(keys), axis=1)
        return self.trajectories.windows(rows, frames)


def jump(key: PRNGKeyArray, length: int) -> tuple[Int[Array, ""], Int[Array, ""]]:
    """``t_start`` and ``t_end`` of one jump in a trajectory of ``length`` states, see `JumpLoader`."""
    key_start, key_end = jax.random.split(key)
    end = jax.random.randint(key_end, (), 1, length)
    start = jnp.arange(length)
    weights = jnp.where(start < end, -jnp.log(start + 1.0), -jnp.inf)
    return jax.random.categorical(key_start, weights).astype(end.dtype), end


def trajectory_of(samples: Sample) -> Trajectory:
    """The targets of stacked samples. Raises `TrainingArgumentError` where they are no trajectories."""
    if not isinstance(samples.targets, Trajectory):
        raise TrainingArgumentError(
            "Rollouts are learned from trajectories, and the targets of this dataset are single functions; choose a "
            "dataset of an evolution equation and read it without pairs (dataset.pairs=null)."
        )
    return samples.targets
