"""One file of others, understood but not read: which arrays its samples are made of, and where they live."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neuralpde.spaces import FunctionSpace, Grid

from .arrays import SAMPLE, TIME, StoredArray
from .files import HDF5File, MatFile, unfit

Home = HDF5File | MatFile
Parameters = Callable[[Any, int], Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class Part:
    """The inputs or the targets of samples: components in the order of ``space.names``.

    With ``in_time`` it is a trajectory; else an array that varies in time gives its first state.
    """

    space: FunctionSpace
    arrays: tuple[StoredArray, ...]
    in_time: bool = False


@dataclasses.dataclass(frozen=True)
class Simulations:
    """The samples of one file. ``parameters`` are arrays, or numbers that all of its samples share; ``times`` an
    array of the file, of times or, without a time axis, of the step between states; or numbers. ``described`` reads
    parameters that a sample states in words.

    Raises `DataError` where an array is missing or has other sizes than coordinates and counts say.
    """

    schema: str
    home: Home
    on: Grid
    count: int
    inputs: Part
    targets: Part
    steps: int = 1
    times: StoredArray | tuple[float, ...] = ()
    parameters: Mapping[str, StoredArray | float] = dataclasses.field(default_factory=dict)
    described: Parameters | None = None

    @property
    def where(self) -> str:
        return str(self.home.path)

    def check(self, opened: Any) -> Simulations:
        """The same, once every array has the sizes that it must have."""
        sizes = {SAMPLE: self.count, TIME: self.steps} | dict(zip(self.on.domain.names, self.on.shape, strict=True))
        arrays = [*self.inputs.arrays, *self.targets.arrays, *self.parameters.values(), self.times]
        for array in arrays:
            if isinstance(array, StoredArray):
                array.check(opened, sizes, self.where)
        if self.targets.in_time and isinstance(self.times, tuple) and len(self.times) != self.steps:
            raise unfit(self.where, f"has {len(self.times)} times", f"one for each of {self.steps} states")
        return self

    def clock(self, opened: Any, start: int, stop: int, frames: slice) -> np.ndarray:
        """Times of samples ``start`` to ``stop``, (sample, time)."""
        if isinstance(self.times, StoredArray) and TIME in self.times.axes:
            times = self.times.read(opened, start, stop, frames, (TIME,))[..., 0]
        elif isinstance(self.times, StoredArray):
            step = self.times.read(opened, start, stop, frames, ())
            times = step * np.arange(*frames.indices(self.steps))
        else:
            times = np.asarray(self.times)[frames][None]
        return np.broadcast_to(times, (stop - start, times.shape[1]))
