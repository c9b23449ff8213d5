"""Waves that are carried along a circle: trajectories in closed form, and small operators that can step them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.data import Dataset
from neuralpde.operators import AbstractOperator, history_space
from neuralpde.spaces import Box, Field, FunctionSpace, Sample, Trajectory

SPACE = FunctionSpace(Box.cube(1, periodic=True), ("u",))
GRID = SPACE.domain.grid(16)
STEP = 0.05
SPEED = 0.4
FORCED = FunctionSpace(SPACE.domain, ("u", "force"))


def waves(count, frames, seed=0, scale=1.0, mean=0.0, modes=3, speeds=None):
    """Values (count, frames, 16, 1) of ``u(x - speed t)``, t = 0, STEP, ..., u random with a few modes."""
    random = np.random.default_rng(seed)
    k = 2 * np.pi * np.arange(1, modes + 1)
    amplitude, phase = random.normal(size=(count, modes)), random.uniform(0, 2 * np.pi, (count, modes))
    speeds = np.full(count, SPEED) if speeds is None else np.asarray(speeds)
    x = np.asarray(GRID.coords())[None, None, :, 0] - speeds[:, None, None] * STEP * np.arange(frames)[None, :, None]
    values = np.sum(amplitude[:, None, None] * np.cos(x[..., None] * k + phase[:, None, None]), -1)
    return mean + scale * values[..., None]


def trajectories(count, frames, seed=0, force=False, **options):
    """Stacked samples: the first state, and a force, to the trajectory; numbered by the parameter ``number``."""
    values = waves(count, frames, seed, **options)
    times = np.tile(STEP * np.arange(frames), (count, 1))
    states = jax.vmap(lambda t, v: Trajectory(t, Field.stack(v, GRID, SPACE)))(jnp.asarray(times), jnp.asarray(values))
    inputs, space = values[:, 0], SPACE
    if force:
        inputs = np.concatenate([inputs, np.random.default_rng(seed + 1).normal(size=inputs.shape)], -1)
        space = FORCED
    return Sample(Field.stack(inputs, GRID, space), states, {"number": jnp.arange(float(count))})


def dataset(train=6, frames=12, validation=4, test=4, long=40, seed=0, **options):
    """Training trajectories of ``frames`` states, test trajectories of ``long``."""
    return Dataset(
        "waves",
        trajectories(train, frames, seed, **options),
        trajectories(validation, frames, 100, **options) if validation else None,
        {"16": trajectories(test, long, 200, **options)} if test else {},
    )


class Stencil(AbstractOperator):
    """A sum of shifted states: ``v_i = sum_j w_j u_(i + j)`` over every component of the input."""

    weight: jax.Array
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)

    def __init__(self, source=None, target=SPACE, *, reach=2, on=None, key=None):
        self.source, self.target = history_space(SPACE, 1) if source is None else source, target
        self.weight = jnp.zeros((2 * reach + 1, self.source.channels))

    def __call__(self, u, at=None, key=None):
        reach = len(self.weight) // 2
        shifted = jnp.stack([jnp.roll(u.values, -j, 0) for j in range(-reach, reach + 1)])
        return Field(jnp.einsum("jxc,jc->x", shifted, self.weight)[:, None], u.on, self.target)


class Shift(AbstractOperator):
    """The exact step, by the Fourier series: the newest state, carried along for ``time_step``."""

    factor: jax.Array
    time_step: jax.Array | float = STEP
    source: FunctionSpace = eqx.field(static=True, default_factory=lambda: history_space(SPACE, 1))
    target: FunctionSpace = eqx.field(static=True, default=SPACE)

    def __call__(self, u, at=None, key=None):
        state = u.values[..., self.source.names.index("u@0")]
        k = jnp.arange(9)
        turned = jnp.fft.rfft(state) * jnp.exp(-2j * jnp.pi * k * SPEED * self.time_step)
        return Field(self.factor * jnp.fft.irfft(turned, 16)[:, None], u.on, SPACE)

    def given(self, parameters):
        return eqx.tree_at(lambda o: o.time_step, self, parameters.get("time_step", self.time_step))
