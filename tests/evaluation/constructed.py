"""Operators and data whose errors are known exactly."""

import equinox as eqx
import jax
import numpy as np

from neuralpde.operators import AbstractOperator
from neuralpde.spaces import Box, Field, FunctionSpace, Sample

ERRORS = (0.1, 0.4, 0.2, 0.05, 0.3, 0.15, 0.25)
"""Relative error of each sample of `known_errors`; mean 1.45 / 7, median 0.2, largest 0.4."""


SQUARE = FunctionSpace(Box.cube(2, periodic=True), ("u",))


class Scale(AbstractOperator):
    """u -> factor u, on any grid."""

    factor: jax.Array
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)

    def __init__(self, factor=1.0, space=None):
        self.factor = jax.numpy.asarray(factor)
        self.source = self.target = SQUARE if space is None else space

    def __call__(self, u, at=None, key=None):
        v = u.with_values(self.factor * u.values)
        return v if at is None else v.resample(at)


class Traces:
    """How often JAX traced a `Counting`; equal only to itself, so that it may be a static field."""

    def __init__(self):
        self.shapes = []


class Counting(eqx.Module):
    """u -> factor u, noting the grid of each trace."""

    factor: jax.Array
    traces: Traces = eqx.field(static=True)

    def __call__(self, u, at=None, key=None):
        self.traces.shapes.append(u.on.shape)
        return u.with_values(self.factor * u.values)


class Picky(AbstractOperator):
    """The identity on grids divisible by 16 and a refusal on others."""

    source: FunctionSpace = eqx.field(static=True, default=SQUARE)
    target: FunctionSpace = eqx.field(static=True, default=SQUARE)

    def __call__(self, u, at=None, key=None):
        if u.on.shape[0] % 16:
            raise ValueError(f"the grid must be divisible by 16, got {u.on.shape}")
        return u if at is None else u.resample(at)


def waves(n: int, count: int, seed: int = 0) -> Field:
    """Stacked band-limited fields on an n x n periodic grid: the same functions for every n."""
    rng = np.random.default_rng(seed)
    amplitude, phase = rng.normal(size=(2, count, 3, 3))
    on = SQUARE.domain.grid(n)
    x = np.asarray(on.coords())
    k = 2 * np.pi * np.arange(1, 4)
    arguments = x[..., 0, None, None] * k[:, None] + x[..., 1, None, None] * k
    values = np.einsum("sij,sxyij->sxy", amplitude, np.cos(arguments[None] + phase[:, None, None]))
    return Field.stack(values[..., None], on, SQUARE)


def known_errors(n: int) -> Sample:
    """Inputs whose identical copies miss the targets by the relative errors `ERRORS`."""
    inputs = waves(n, len(ERRORS))
    shrink = 1 / (1 + np.asarray(ERRORS))[:, None, None, None]
    return Sample(inputs, Field.stack(np.asarray(inputs.values) * shrink, inputs.on, SQUARE), {})
