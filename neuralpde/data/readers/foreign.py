"""Samples in files of others, read a few at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from neuralpde.data.checks import check_finite
from neuralpde.data.dataset import DataError
from neuralpde.data.source import EVERYTHING, Rows, row_numbers, stacked_field, unchecked
from neuralpde.spaces import Field, Grid, Sample, Trajectory

from .arrays import TIME, StoredArray
from .axes import every
from .simulations import Part, Simulations


class ForeignSource:
    """Samples of one file, or of several with the same fields on the same grid, one after another.

    It is a `TrajectorySource`. Only what is asked for is read: a window of three states of one trajectory is one
    small read. ``part`` and ``every`` give sources of fewer samples, points and states; they read nothing.

    Raises `DataError`, with the file and the sample named, for arrays that cannot be read, NaN, and infinity.
    """

    def __init__(
        self,
        files: Sequence[Simulations],
        rows: np.ndarray | None = None,
        stride: int = 1,
        time_stride: int = 1,
    ):
        if min(stride, time_stride) < 1:
            raise DataError(f"stride={stride} and time_stride={time_stride} must be at least 1.")
        self.files, self.stride, self.time_stride = tuple(files), stride, time_stride
        _check_alike(self.files)
        self._ends = np.cumsum([file.count for file in self.files])
        self._rows = np.arange(self._ends[-1]) if rows is None else rows
        try:
            self.on: Grid = every(self.files[0].on, stride)
        except ValueError as error:
            raise DataError(f"{self.where}: {error}") from error
        first = self.files[0]
        # Fewer points may move the ends of the box (see `every`): the spaces live there too.
        self.source, self.target = (_moved(part, self.on) for part in (first.inputs, first.targets))

    @property
    def where(self) -> str:
        """The file, and how many more."""
        more = len(self.files) - 1
        return self.files[0].where + (f" and {more} more" if more else "")

    @property
    def schema(self) -> str:
        """Whose layout the files have."""
        return self.files[0].schema

    @property
    def varying(self) -> frozenset[str]:
        """Parameters that vary in time."""
        arrays = self.files[0].parameters.items()
        return frozenset(name for name, array in arrays if isinstance(array, StoredArray) and TIME in array.axes)

    @property
    def count(self) -> int:
        return len(self._rows)

    def steps(self, row: int) -> int:
        """Number of states of a trajectory, strides counted."""
        return -(-self.files[int(self._homes(self._rows[row]))].steps // self.time_stride)

    def part(self, start: int | None = None, stop: int | None = None) -> ForeignSource:
        """The samples ``start`` to ``stop``, as of a list. Raises `DataError` where none is left."""
        rows = self._rows[start:stop]
        if not len(rows):
            raise DataError(f"{self.where} holds {self.count} samples; none is left of [{start}:{stop}].")
        return ForeignSource(self.files, rows, self.stride, self.time_stride)

    def every(self, stride: int = 1, time_stride: int = 1) -> ForeignSource:
        """Every ``stride``-th point of each axis and every ``time_stride``-th state, from the first."""
        return ForeignSource(self.files, self._rows, self.stride * stride, self.time_stride * time_stride)

    def read(self, rows: Rows = EVERYTHING, frames: slice = EVERYTHING) -> Sample:
        """The samples of ``rows``, in that order, as numpy arrays; of trajectories the states at ``frames``.

        ``inputs`` hold the first of these states, where they hold a state.
        """
        numbers = self._rows[row_numbers(rows, self.count)]
        stretches = [self._read(*stretch, frames) for stretch in self._stretches(numbers)]
        if len({stretch.steps for stretch in stretches}) > 1:
            raise DataError(
                f"{self.where}: the trajectories asked for have {sorted({s.steps for s in stretches})} states and "
                "cannot be stacked; ask for `frames` that all of them have, or make pairs of them (neuralpde.data.frames)."
            )
        inputs, targets, times = (
            np.concatenate([getattr(stretch, name) for stretch in stretches]) for name in ("inputs", "targets", "times")
        )
        first = stretches[0].parameters
        parameters = {name: np.concatenate([s.parameters[name] for s in stretches]) for name in first}
        return unchecked(
            Sample,
            inputs=stacked_field(inputs, self.on, self.source),
            targets=self._targets(targets, times),
            parameters=parameters,
        )

    def _targets(self, values: np.ndarray, times: np.ndarray) -> Field | Trajectory:
        field = stacked_field(values, self.on, self.target)
        return unchecked(Trajectory, times=times, field=field) if self.files[0].targets.in_time else field

    def _homes(self, numbers: np.ndarray | np.integer) -> np.ndarray | np.integer:
        """The file of each sample."""
        return np.searchsorted(self._ends, numbers, side="right")

    def _stretches(self, numbers: np.ndarray) -> Iterator[tuple[int, int, int]]:
        """Runs of consecutive samples of one file: (file, start, stop), counted within the file."""
        if not len(numbers):
            raise DataError(f"{self.where}: no samples are asked for.")
        homes = np.asarray(self._homes(numbers))
        breaks = np.flatnonzero((np.diff(numbers) != 1) | (np.diff(homes) != 0)) + 1
        for run in np.split(np.arange(len(numbers)), breaks):
            file = int(homes[run[0]])
            start = int(numbers[run[0]] - self._ends[file] + self.files[file].count)
            yield file, start, start + len(run)

    def _read(self, number: int, start: int, stop: int, frames: slice) -> _Stretch:
        file = self.files[number]
        within = range(file.steps)[:: self.time_stride][frames]
        taken = slice(within.start, within.stop if within.stop >= 0 else None, within.step)
        if file.targets.in_time and not len(within):
            raise DataError(f"{file.where} has {file.steps} states a trajectory; none is left of {frames}.")
        with file.home.open() as opened:
            inputs, targets = (
                self._values(opened, file, part, start, stop, taken) for part in (file.inputs, file.targets)
            )
            parameters = self._parameters(opened, file, start, stop, taken)
            times = file.clock(opened, start, stop, taken)
        rows = np.arange(start, stop)
        for part, values in ((file.inputs, inputs), (file.targets, targets)):
            check_finite(values, ", ".join(part.space.names), file.where, rows)
        check_finite(times, "time", file.where, rows)
        for name, values in parameters.items():
            check_finite(values, name, file.where, rows)
        return _Stretch(inputs, targets, times, parameters, len(within))

    def _values(self, opened: Any, file: Simulations, part: Part, start: int, stop: int, frames: slice) -> np.ndarray:
        axes = (*((TIME,) if part.in_time else ()), *file.on.domain.names)
        first = frames if part.in_time else slice(frames.start, frames.start + 1)
        states = len(range(*frames.indices(file.steps)))
        lead = (stop - start, *((states,) if part.in_time else ()))
        components = []
        for array in part.arrays:
            # A state of a part that is no trajectory is its first one: an axis of length one, which goes.
            wanted = axes if part.in_time or TIME not in array.axes else (TIME, *axes)
            values = array.read(opened, start, stop, first, wanted)
            values = values if len(wanted) == len(axes) else values[:, 0]
            shape = (*lead, *file.on.shape, values.shape[-1])
            strides = (np.s_[:],) * len(lead) + (np.s_[:: self.stride],) * len(file.on.shape)
            components.append(np.broadcast_to(_floating(values), shape)[strides])
        return np.concatenate(components, axis=-1)

    def _parameters(
        self, opened: Any, file: Simulations, start: int, stop: int, frames: slice
    ) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for name, array in file.parameters.items():
            if not isinstance(array, StoredArray):
                found[name] = np.full(stop - start, float(array))
                continue
            values = array.read(opened, start, stop, frames, (TIME,) if TIME in array.axes else ())[..., 0]
            found[name] = _floating(np.broadcast_to(values, (stop - start, *values.shape[1:])))
        if file.described is not None:
            rows = [file.described(opened, row) for row in range(start, stop)]
            found |= {name: np.asarray([row[name] for row in rows], float) for name in rows[0]}
        return found


@dataclasses.dataclass(frozen=True)
class _Stretch:
    """Consecutive samples of one file."""

    inputs: np.ndarray
    targets: np.ndarray
    times: np.ndarray
    parameters: dict[str, np.ndarray]
    steps: int


def _floating(values: np.ndarray) -> np.ndarray:
    return values if values.dtype.kind in "fc" else values.astype(np.float32)


def _moved(part: Part, on: Grid):
    """The space of a part on the box of another grid."""
    return dataclasses.replace(part.space, domain=on.domain)


def _check_alike(files: tuple[Simulations, ...]) -> None:
    if not files:
        raise DataError("No files are given; name at least one.")
    first = files[0]
    for file in files[1:]:
        for what, ours, others in (
            ("the schema", first.schema, file.schema),
            ("the grid", first.on, file.on),
            ("the inputs", first.inputs.space, file.inputs.space),
            ("the targets", first.targets.space, file.targets.space),
            ("the parameters", sorted(first.parameters), sorted(file.parameters)),
        ):
            if ours != others:
                raise DataError(
                    f"{file.where} and {first.where} differ in {what}: {others} and {ours}; files of one dataset hold "
                    "the same fields on the same grid. Open them one by one."
                )
