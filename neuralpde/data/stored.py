"""A stacked Sample in a file, read whole or a few samples at a time; see `schema` for the layout."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from neuralpde.spaces import AbstractDiscretization, Field, Grid, Points, Sample, Trajectory

from .checks import check_finite
from .dataset import DataError
from .description import restore
from .rows import RowReader
from .schema import FORMAT
from .source import EVERYTHING, Rows, cut, unchecked

_PUBLIC = ("dimensions", "boundary_conditions", "scalars", "t0_fields", "t1_fields", "t2_fields")
_ADDED = ("points", "inputs")
_OURS = "a file by neuralpde.data.write_dataset (files of others are for neuralpde.data.open_foreign)"
_SLAB = 2**24  # bytes hashed at a time


class StoredSample:
    """The samples of one group, on the disk until they are read.

    Raises `DataError` where the group is not in the schema or its arrays do not have the shapes that it
    states.
    """

    varying: frozenset[str] = frozenset()  # parameters of ours are numbers of a sample

    def __init__(self, group: h5py.Group, where: str):
        self.group, self.where = group, where
        self.count = int(_attribute(group, "n_trajectories", where))
        groups = [group, *([group["inputs"]] if "inputs" in group else [])]
        parts = [part for home in groups for part in _open_parts(home, self.count, where)]
        self._parts = {part.role: part for part in parts}
        self.homes = {part.role: part.home for part in parts}
        if set(self._parts) != {"inputs", "targets"}:
            raise _unfit(where, f"describes the parts {sorted(self._parts)}", "inputs and targets")
        scalars = _child(group, "scalars", where).values()
        self._parameters = {str(dataset.attrs["parameter"]): RowReader(dataset) for dataset in scalars}
        for dataset in scalars:
            _check_shape(dataset, (self.count, *dataset.shape[1:]), where)

    def steps(self, row: int) -> int:
        """Number of stored states of a trajectory."""
        return self._parts["targets"].steps

    def read(self, rows: Rows = EVERYTHING, frames: slice = EVERYTHING) -> Sample:
        """The samples of ``rows``, in that order, as numpy arrays; of trajectories the states at ``frames``.

        A chunk of the file is one sample, so it is read whole either way. Raises `DataError` on NaN or
        infinity.
        """
        inputs, targets = (self._parts[role].read(rows) for role in ("inputs", "targets"))
        parameters = {name: _read_finite(reader, rows, self.where) for name, reader in self._parameters.items()}
        return cut(unchecked(Sample, inputs=inputs, targets=targets, parameters=parameters), frames)

    def digest(self) -> str:
        """SHA-256 over the description and every array of the group: path, type, shape and bytes."""
        digest = hashlib.sha256(str(self.group.attrs["neuralpde"]).encode())
        for path, dataset in _datasets(self.group):
            digest.update(f"{path} {dataset.dtype.str} {dataset.shape}".encode())
            rows = max(1, _SLAB * len(dataset) // max(1, dataset.nbytes))
            for start in range(0, len(dataset), rows):
                digest.update(np.ascontiguousarray(dataset[start : start + rows]).data)
        return digest.hexdigest()

    def verify(self) -> None:
        """Raises `DataError` where the arrays are not those that were written."""
        found, stated = self.digest(), str(_attribute(self.group, "sha256", self.where))
        if found != stated:
            raise DataError(
                f"{self.where}: the checksum of the arrays is {found[:16]}..., the file states "
                f"{stated[:16]}...; the file was changed or damaged after it was written. Delete it and "
                "generate or copy it again (verify=False reads it as it is)."
            )


class _StoredPart:
    """The inputs or the targets of the samples."""

    def __init__(self, home: h5py.Group, role: str, on: dict[str, Any], part: dict[str, Any], count: int, where: str):
        self.role, self.home, self.where = role, home, where
        self.space = restore(part["space"])
        self.grid = Grid(restore(on["domain"]), on["shape"], on["layout"]) if on["kind"] == "Grid" else None
        self.in_time = part["kind"] == "Trajectory"
        fields = _child(home, "t0_fields", where)
        components = [_child(fields, name, where) for name in part["components"]]
        self.readers = [RowReader(dataset) for dataset in components]
        steps = _child(home, "dimensions/time", where).shape[-1:] if self.in_time else ()
        self.steps = math.prod(steps)
        for dataset in components:
            _check_shape(dataset, (count, *steps, *on["shape"]), where)
            if dataset.dtype.kind not in "fc":
                raise _unfit(where, f"has {dataset.dtype} in {dataset.name}", "floating-point numbers")

    def read(self, rows: Rows) -> Field | Trajectory:
        components = [_read_finite(reader, rows, self.where) for reader in self.readers]
        values = np.stack(components, axis=-1) if len(components) > 1 else components[0][..., None]
        field = unchecked(Field, values=values, on=self._discretization(rows, values), space=self.space)
        if not self.in_time:
            return field
        return unchecked(Trajectory, times=self._varying("dimensions/time", rows, values.shape[:1]), field=field)

    def _discretization(self, rows: Rows, values: np.ndarray) -> AbstractDiscretization:
        if self.grid is not None:
            return self.grid
        points = _child(self.home, "points", self.where)
        leading = values.shape[: 2 if self.in_time else 1]
        x, weights = (self._varying(f"points/{name}", rows, leading) for name in ("x", "weights"))
        mask = self._varying("points/mask", rows, leading) if "mask" in points else None
        return unchecked(Points, x=x, w=weights, mask=mask, domain=self.space.domain)

    def _varying(self, name: str, rows: Rows, leading: tuple[int, ...]) -> np.ndarray:
        """An array for every sample (and time), from a dataset without the axes along which it is
        constant.
        """
        dataset = _child(self.home, name, self.where)
        array = RowReader(dataset).read(rows) if dataset.attrs["sample_varying"] else dataset[()][None]
        if len(leading) == 2 and not dataset.attrs["time_varying"]:
            array = array[:, None]
        return np.broadcast_to(array, (*leading, *array.shape[len(leading) :]))


def _open_parts(home: h5py.Group, count: int, where: str) -> Iterator[_StoredPart]:
    """The parts that a group in the schema holds."""
    extension = json.loads(_attribute(home, "neuralpde", where))
    if extension["format"] != FORMAT:
        raise _unfit(where, f"has format {extension['format']}", f"format {FORMAT}")
    for name in _PUBLIC:
        _child(home, name, where)
    for role, part in extension["parts"].items():
        yield _StoredPart(home, role, extension["on"], part, count, where)


def _datasets(group: h5py.Group) -> Iterator[tuple[str, h5py.Dataset]]:
    """Every array of one split, in the order of their paths."""
    found = []
    for name in (*_PUBLIC, *_ADDED):
        if name in group:
            group[name].visititems(lambda path, item, name=name: found.append((f"{name}/{path}", item)))
    arrays = [(path, item) for path, item in found if isinstance(item, h5py.Dataset)]
    return iter(sorted(arrays, key=lambda array: array[0]))


def _read_finite(reader: RowReader, rows: Rows, where: str) -> np.ndarray:
    values = reader.read(rows)
    check_finite(values, reader.dataset.name.rsplit("/", 1)[-1], where, np.arange(len(reader))[rows])
    return values


def _child(group: h5py.Group, name: str, where: str) -> Any:
    if name not in group:
        raise _unfit(where, f"has no {group.name.rstrip('/')}/{name}", "the whole schema of The Well")
    return group[name]


def _attribute(group: h5py.Group, name: str, where: str) -> Any:
    if name not in group.attrs:
        raise _unfit(where, f"has no attribute {name!r} on {group.name}", _OURS)
    return group.attrs[name]


def _check_shape(dataset: h5py.Dataset, expected: tuple[int, ...], where: str) -> None:
    if dataset.shape != expected:
        raise _unfit(where, f"has shape {dataset.shape} in {dataset.name}", str(expected))


def _unfit(where: str, found: str, expected: str) -> DataError:
    return DataError(f"{where} {found}, expected {expected}; generate the dataset again, or write it again.")
