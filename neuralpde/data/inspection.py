"""What a data file holds, without reading it: for people who were given one."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import jax
import numpy as np

from neuralpde.spaces import AbstractDiscretization, Field, Grid, Sample, Trajectory

from .dataset import DataError
from .readers import comsol_units, detect, open_foreign
from .readers.files import children
from .readers.pdearena import SPLITS
from .source import SampleSource, TrajectorySource
from .store import open_split, reading

OURS = "neuralpde"
_SLAB = 2**24  # bytes hashed at a time


@dataclasses.dataclass(frozen=True)
class AxisReport:
    """One axis of a grid, or one coordinate of points: conditions by name, ``Free`` where nothing is known."""

    name: str
    lower: float
    upper: float
    points: int
    layout: str
    boundary: tuple[str, str]


@dataclasses.dataclass(frozen=True)
class PartReport:
    """The inputs or the targets of one sample: ``shape`` is (time, *grid, channel), without time for a field."""

    role: str
    kind: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    axes: tuple[AxisReport, ...]


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What is known of a file. ``parameters`` are those of its first sample, ``times`` the first and last of its first
    trajectory; ``bytes`` and ``sha256`` are of the file itself.
    """

    path: str
    schema: str
    bytes: int
    sha256: str
    samples: int
    splits: tuple[str, ...]
    times: tuple[float, float] | None
    parts: tuple[PartReport, ...]
    parameters: dict[str, float | tuple[float, ...]]


def inspect_file(path: str | os.PathLike, split: str = "train") -> Inspection:
    """What a file of ours or of others holds; one state of one sample is read, and the file once for its checksum.

    Raises `DataError` where the file is missing, damaged, or in no layout that is known.
    """
    with _opened(path, split) as opened:
        return _report(opened)


def first_samples(path: str | os.PathLike, count: int, split: str = "train") -> Sample:
    """The first ``count`` samples of a file of ours or of others, stacked, as numpy arrays.

    Raises `DataError` as `inspect_file` does.
    """
    with _opened(path, split) as opened:
        return opened.source.read(np.arange(min(count, opened.source.count)))


@dataclasses.dataclass(frozen=True)
class _Opened:
    place: Path
    schema: str
    source: SampleSource
    splits: tuple[str, ...]


@contextlib.contextmanager
def _opened(path: str | os.PathLike, split: str) -> Iterator[_Opened]:
    """A file in whichever layout it is; its samples can be read until the end of the context."""
    place = Path(path)
    if not place.is_file():
        raise DataError(f"There is no file {place}; name one file (a folder holds many).")
    if is_ours(place):
        with reading(place) as file:
            yield _Opened(place, OURS, open_split(file, split, verify=False), split_names(file))
        return
    schema, splits = detect(place), ()
    if schema == "PDEArena":
        with h5py.File(place, "r") as file:
            splits = tuple(children(file))
        split = next(name for name, group in SPLITS.items() if group in splits) if split == "train" else split
    yield _Opened(place, schema, open_foreign(place, split), splits)


def _report(opened: _Opened) -> Inspection:
    place, source = opened.place, opened.source
    first, times, steps = _first_state(source)
    units = comsol_units(place) if opened.schema == "COMSOL" else {}
    return Inspection(
        path=str(place),
        schema=opened.schema,
        bytes=place.stat().st_size,
        sha256=_sha256(place),
        samples=source.count,
        splits=opened.splits,
        times=times,
        parts=tuple(_part(role, getattr(first, role), steps, units) for role in ("inputs", "targets")),
        parameters={name: _plain(np.asarray(values[0])) for name, values in first.parameters.items()},
    )


def _first_state(source: SampleSource) -> tuple[Sample, tuple[float, float] | None, int]:
    """The first sample, of its trajectory the first state; first and last time; number of states."""
    if not isinstance(source, TrajectorySource):
        return source.read([0]), None, 1
    first, steps = source.read([0], slice(0, 1)), source.steps(0)
    if not isinstance(first.targets, Trajectory):
        return first, None, 1
    last = source.read([0], slice(steps - 1, steps))
    return first, (float(first.targets.times[0, 0]), float(last.targets.times[0, 0])), steps


def _part(role: str, part: Field | Trajectory, steps: int, units: dict[str, str]) -> PartReport:
    field = part.field if isinstance(part, Trajectory) else part
    lead = 2 if isinstance(part, Trajectory) else 1
    shape = np.shape(field.values)[lead:]
    return PartReport(
        role=role,
        kind=type(part).__name__,
        names=field.space.names,
        units=tuple(units.get(name, "") for name in field.space.names),
        shape=(steps, *shape) if isinstance(part, Trajectory) else shape,
        dtype=str(np.asarray(field.values).dtype),
        axes=_axes(field, jax.tree.map(lambda leaf: np.asarray(leaf)[(0,) * lead], field.on)),
    )


def _axes(field: Field, on: AbstractDiscretization) -> tuple[AxisReport, ...]:
    box, boundary = field.space.domain.bounds, field.space.boundary
    count = len(box.axes)
    layouts, sizes = (on.layout, on.shape) if isinstance(on, Grid) else (("points",) * count, on.shape[:1] * count)
    sides = boundary if len(boundary) == count else boundary * count
    return tuple(
        AxisReport(axis.name, axis.lower, axis.upper, n, layout, (_named(lower), _named(upper)))
        for axis, n, layout, (lower, upper) in zip(box.axes, sizes, layouts, sides, strict=True)
    )


def _named(condition: object) -> str:
    """A condition with its data: ``Dirichlet(g=0.0)``, ``Periodic()``."""
    return repr(condition).removesuffix("()")


def _plain(value: np.ndarray) -> float | tuple[float, ...]:
    return tuple(np.ravel(value).tolist()) if np.ndim(value) else float(value)


def split_names(file: h5py.File) -> tuple[str, ...]:
    """The splits of an open file of ours: ``train``, ``validation`` where there is one, and ``test/LABEL``."""
    tests = [f"test/{label}" for label in children(file["test"])] if "test" in file else []
    return ("train", *(["validation"] if "validation" in file else []), *tests)


def is_ours(place: Path) -> bool:
    """Whether a file is one that `write_dataset` wrote."""
    if not h5py.is_hdf5(place):
        return False
    with reading(place) as file:
        return "neuralpde" in file.attrs


def _sha256(place: Path) -> str:
    digest = hashlib.sha256()
    with place.open("rb") as file:
        while slab := file.read(_SLAB):
            digest.update(slab)
    return digest.hexdigest()
