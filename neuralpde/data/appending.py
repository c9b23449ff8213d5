"""More samples for a group in the schema (see `schema`): how files larger than memory are written."""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np

from neuralpde.spaces import Field, Points, Sample, Trajectory

from .checks import check_finite
from .dataset import DataError, as_field


def append_sample(group: h5py.Group, sample: Sample) -> None:
    """Write stacked samples after those that `write_sample` and earlier calls wrote.

    They have the spaces, grids and shapes of the first ones. Raises `DataError` where an array has another shape, or
    holds NaN or infinity.
    """
    homes: list[Any] = [group, *([group["inputs"]] if "inputs" in group else [])]
    before = int(group.attrs["n_trajectories"])
    for home in homes:
        for role, part in json.loads(home.attrs["neuralpde"])["parts"].items():
            _append_part(home, getattr(sample, role), part["components"], before)
    for dataset in group["scalars"].values():
        _extend(dataset, np.asarray(sample.parameters[dataset.attrs["parameter"]]), before)
    count = before + len(np.asarray(as_field(sample.targets).values))
    for home in homes:
        home.attrs["n_trajectories"] = count


def _append_part(home: Any, part: Field | Trajectory, components: list[str], before: int) -> None:
    field = as_field(part)
    for channel, name in enumerate(components):
        _extend(home["t0_fields"][name], np.asarray(field.values[..., channel]), before)
    if isinstance(part, Trajectory):
        _append_varying(home["dimensions"], "time", np.asarray(part.times), before, in_time=False)
    if isinstance(field.on, Points):
        arrays = {"x": field.on.x, "weights": field.on.w} | ({} if field.on.mask is None else {"mask": field.on.mask})
        for name, array in arrays.items():
            _append_varying(home["points"], name, np.asarray(array), before, isinstance(part, Trajectory))


def _append_varying(group: Any, name: str, rows: np.ndarray, before: int, in_time: bool) -> None:
    """Rows of an array that may have been written without the axes along which it was constant so far."""
    dataset = group[name]
    stored = dataset[()]
    if in_time and not dataset.attrs["time_varying"]:
        if not np.array_equal(rows, np.broadcast_to(rows[:, :1], rows.shape)):
            raise DataError(
                f"{group.file.filename}: {dataset.name} is constant in time for the first {before} samples and varies "
                "for later ones; write all samples of a file with points of one kind."
            )
        rows = rows[:, 0]
    if dataset.attrs["sample_varying"]:
        _extend(dataset, rows, before)
    elif not np.array_equal(rows, np.broadcast_to(stored, rows.shape)):
        attributes = dict(dataset.attrs) | {"sample_varying": True}
        del group[name]
        everything = np.concatenate([np.broadcast_to(stored, (before, *stored.shape)), rows])
        group.create_dataset(name, data=everything, maxshape=(None, *stored.shape)).attrs.update(attributes)


def _extend(dataset: h5py.Dataset, rows: np.ndarray, before: int) -> None:
    where = f"{dataset.file.filename}: {dataset.name}"
    if rows.shape[1:] != dataset.shape[1:]:
        raise DataError(
            f"{where} has samples of shape {dataset.shape[1:]}, further ones of shape {rows.shape[1:]} cannot follow; "
            "write them to a file of their own."
        )
    check_finite(rows, dataset.name.rsplit("/", 1)[-1], where, np.arange(before, before + len(rows)))
    # A dataset of one part may have been extended already: inputs and targets share their times.
    if len(dataset) == before:
        dataset.resize(before + len(rows), axis=0)
    dataset[before:] = rows
