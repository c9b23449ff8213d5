"""Where samples come from: what can count them and read some of them, wherever they lie.

A dataset larger than memory is never held: it is a *source*, read a few samples at a time. Our own files
(`StoredSample`), files of others (`readers`), pairs made from trajectories (`pairs`) and samples in memory are
all sources, so that whatever streams, splits or pairs one of them does so for every other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.spaces import Field, Sample, Trajectory

from .dataset import count_samples
from .placement import host_memory

Rows = slice | Sequence[int] | np.ndarray
EVERYTHING = slice(None)


@runtime_checkable
class SampleSource(Protocol):
    """Samples that are read when they are asked for."""

    @property
    def count(self) -> int:
        """Number of samples."""
        ...

    def read(self, rows: Rows = EVERYTHING) -> Sample:
        """The stacked samples of ``rows``, in that order."""
        ...


@runtime_checkable
class TrajectorySource(Protocol):
    """Samples whose targets are trajectories, of which stretches of time can be read.

    ``varying`` names the parameters that have a time axis after that of the samples.
    """

    varying: frozenset[str]

    @property
    def count(self) -> int:
        """Number of trajectories."""
        ...

    def steps(self, row: int) -> int:
        """Number of stored states of a trajectory."""
        ...

    def read(self, rows: Rows = EVERYTHING, frames: slice = EVERYTHING) -> Sample:
        """The stacked samples of ``rows``, their trajectories at ``frames`` only."""
        ...


class InMemory:
    """A stacked sample as a source: what is already read, or was made here."""

    varying: frozenset[str] = frozenset()

    def __init__(self, sample: Sample):
        self.sample, self.count = sample, count_samples(sample)

    def steps(self, row: int) -> int:
        targets = self.sample.targets
        return targets.times.shape[-1] if isinstance(targets, Trajectory) else 1

    def read(self, rows: Rows = EVERYTHING, frames: slice = EVERYTHING) -> Sample:
        index = rows if isinstance(rows, slice) else np.asarray(rows)
        return cut(jax.tree.map(lambda leaf: np.asarray(leaf)[index], self.sample), frames)


def cut(sample: Sample, frames: slice) -> Sample:
    """A stacked sample whose trajectories are those at ``frames``."""
    if frames == EVERYTHING:
        return sample
    parts = {
        role: jax.tree.map(lambda leaf: leaf[:, frames], part) if isinstance(part, Trajectory) else part
        for role, part in {"inputs": sample.inputs, "targets": sample.targets}.items()
    }
    return unchecked(Sample, **parts, parameters=sample.parameters)


def in_host_memory(source: SampleSource) -> Sample:
    """All samples of a source as arrays in the memory of the host."""
    with host_memory():
        return jax.tree.map(jnp.asarray, source.read())


def row_numbers(rows: Rows, count: int) -> np.ndarray:
    """The numbers of ``rows`` of ``count`` samples."""
    return np.arange(count)[rows if isinstance(rows, slice) else np.asarray(rows, int)]


def unchecked(cls: type, **fields: Any) -> Any:
    """An instance with arrays that stay numpy arrays, as unflattening a pytree makes it: no constructor
    runs.
    """
    instance = object.__new__(cls)
    for name, value in fields.items():
        object.__setattr__(instance, name, value)
    return instance


def stacked_field(values: np.ndarray, on: Any, space: Any) -> Field:
    """Stacked samples of functions as a field of numpy arrays."""
    return unchecked(Field, values=values, on=on, space=space)
