"""The Well (Ohana et al., "The Well: a large-scale collection of diverse physics simulations", NeurIPS 2024).

One HDF5 file a setting of the parameters, in the folders ``train``, ``valid`` and ``test``. Scalars, vectors and
tensors of rank two are arrays of the groups ``t0_fields``, ``t1_fields``, ``t2_fields``. The flags ``sample_varying``,
``time_varying`` and ``dim_varying`` of an array say which axes it has: an axis along which it is constant is not stored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuralpde.data.dataset import DataError, Dataset
from neuralpde.spaces import FunctionSpace, Grid

from .arrays import COMPONENTS, SAMPLE, TIME, StoredArray
from .axes import box_grid, uniform_axis
from .datasets import Pairing, found, listed, make_dataset
from .files import HDF5File, children, unfit
from .foreign import ForeignSource
from .simulations import Part, Simulations
from .well_boundaries import boundary_words, conditions

SCHEMA = "The Well"
SPLITS = {"train": "train", "validation": "valid", "test": "test"}
"""Our names of the splits, and those of the folders."""

_GROUPS = ("dimensions", "boundary_conditions", "scalars", "t0_fields", "t1_fields", "t2_fields")


def the_well(
    path: str,
    pairs: Pairing | None = None,
    train: int | None = None,
    validation: int | None = None,
    test: int | None = None,
    stride: int = 1,
    time_stride: int = 1,
) -> Dataset:
    """A folder with ``train``, ``valid`` and ``test`` (or ``data`` with these in it); the last two may be absent.

    ``train``, ``validation`` and ``test`` keep that many trajectories; ``pairs``, ``stride`` and ``time_stride`` as
    for `pdebench`. The benchmark's pairs have a history of four states. Raises `DataError`.
    """
    home = _data_folder(found(path))
    splits = {
        name: open_well(home / folder).every(stride, time_stride)
        for name, folder in SPLITS.items()
        if name == "train" or (home / folder).is_dir()
    }
    return make_dataset("the_well", splits, {"train": train, "validation": validation, "test": test}, pairs)


def open_well(path: str | os.PathLike | Sequence[str]) -> ForeignSource:
    """The samples of a file, or of the files of a folder, unread.

    Components are in the order of The Well: scalars, then vectors, then tensors, ``velocity_x``, ``stress_xy``.
    Targets are the trajectory of the fields that vary in time. Inputs are their initial state, then the fields that
    do not vary. Parameters are the scalars, and the ``simulation_parameters`` of the file.

    Raises `DataError`.
    """
    files = []
    for one in listed(path):
        home = HDF5File(one)
        with home.open() as opened:
            files.append(_understood(home, opened))
    return ForeignSource(files)


def is_well(opened: Any) -> bool:
    """Whether an open HDF5 file has this schema; our own files do, and say more (see `neuralpde.data.read_dataset`)."""
    return {"dimensions", "t0_fields"} <= set(children(opened))


def _data_folder(folder: Path) -> Path:
    for home in (folder, folder / "data"):
        if (home / SPLITS["train"]).is_dir():
            return home
    raise DataError(f"There is no folder {folder / 'train'} or {folder / 'data' / 'train'}; name one of The Well.")


def _understood(home: HDF5File, opened: Any) -> Simulations:
    where = str(home.path)
    for group in _GROUPS:
        if group not in opened:
            raise unfit(where, f"has no group {group!r} beside {children(opened)}", "the schema of The Well")
    on = _grid(opened, where)
    varying, constant = [], []
    for name, array, in_time in _fields(opened, on, where):
        (varying if in_time else constant).append((name, array))
    if not varying:
        raise unfit(where, "has no field that varies in time", "a trajectory")
    count = int(_attribute(opened, "n_trajectories", where))
    steps, times = _times(opened, where)
    states, names = _space(opened, on, varying), _space(opened, on, [*varying, *constant])
    file = Simulations(
        schema=SCHEMA,
        home=home,
        on=on,
        count=count,
        inputs=Part(names, tuple(array for _, array in [*varying, *constant])),
        targets=Part(states, tuple(array for _, array in varying), in_time=True),
        steps=steps,
        times=times,
        parameters=_parameters(opened, where),
    )
    return file.check(opened)


def _grid(opened: Any, where: str) -> Grid:
    dimensions = opened["dimensions"]
    kind = _text(opened.attrs.get("grid_type", "cartesian"))
    if kind != "cartesian":
        raise unfit(where, f"has a grid of type {kind!r}", "a cartesian grid", "Other grids are not read yet.")
    words = boundary_words(opened)
    axes, shape = [], []
    for name in _names(dimensions, "spatial_dims", where):
        if name not in dimensions:
            raise unfit(where, f"has no coordinates dimensions/{name}", "one array an axis")
        array = dimensions[name]
        if _flag(array, "sample_varying") or _flag(array, "time_varying"):
            raise unfit(where, f"has coordinates dimensions/{name} that vary", "one grid for all samples and times")
        periodic = words.get(name) == ("periodic", "periodic")
        expected = "periodic" if periodic else "nodes"
        axes.append(uniform_axis(name, np.asarray(array), where, periodic, expected))
        shape.append(array.shape[0])
    return box_grid(axes, tuple(shape))


def _times(opened: Any, where: str) -> tuple[int, StoredArray]:
    if "time" not in opened["dimensions"]:
        raise unfit(where, "has no dimensions/time", "the times of the states")
    array = opened["dimensions/time"]
    axes = (*((SAMPLE,) if _flag(array, "sample_varying") else ()), TIME)
    return array.shape[-1], StoredArray("dimensions/time", axes)


def _fields(opened: Any, on: Grid, where: str) -> Iterator[tuple[list[str], StoredArray, bool]]:
    """Component names, array, and whether it varies in time, in the order of the channels."""
    dims = on.domain.names
    for rank in range(3):
        group = opened[f"t{rank}_fields"]
        for field in _names(group, "field_names", where):
            if field not in group:
                raise unfit(where, f"has no {group.name}/{field}, which its field_names list", "every field")
            array = group[field]
            along = [bool(flag) for flag in np.atleast_1d(array.attrs.get("dim_varying", [True] * len(dims)))]
            if len(along) != len(dims):
                raise unfit(where, f"has {len(along)} flags dim_varying on {array.name}", f"{len(dims)}")
            in_time = _flag(array, "time_varying")
            axes = (
                *((SAMPLE,) if _flag(array, "sample_varying") else ()),
                *((TIME,) if in_time else ()),
                *(name for name, varies in zip(dims, along, strict=True) if varies),
                *COMPONENTS[:rank],
            )
            if len(array.shape) != len(axes) or any(n != len(dims) for n in array.shape[len(axes) - rank :]):
                raise unfit(where, f"has shape {array.shape} in {array.name}", f"the axes {axes} that its flags state")
            yield _component_names(field, rank, dims), StoredArray(f"{group.name}/{field}", axes), in_time


def _component_names(field: str, rank: int, dims: Sequence[str]) -> list[str]:
    if rank == 0:
        return [field]
    return [f"{field}_{i}{j}" for i in dims for j in (dims if rank == 2 else ("",))]


def _space(opened: Any, on: Grid, fields: list[tuple[list[str], StoredArray]]) -> FunctionSpace:
    names = [name for components, _ in fields for name in components]
    stored = {array.key.rsplit("/", 1)[-1] for _, array in fields if isinstance(array.key, str)}
    return FunctionSpace(on.domain, names, conditions(opened, on, stored))


def _parameters(opened: Any, where: str) -> dict[str, StoredArray | float]:
    found: dict[str, StoredArray | float] = {}
    for name in _names(opened, "simulation_parameters", where):
        value = np.asarray(_attribute(opened, name, where))
        if value.size == 1 and value.dtype.kind in "iufb":
            found[name] = float(value.item())
    scalars = opened["scalars"]
    for name in children(scalars):
        array = scalars[name]
        flags = ((SAMPLE, "sample_varying"), (TIME, "time_varying"))
        axes = tuple(axis for axis, flag in flags if _flag(array, flag))
        if len(array.shape) != len(axes) and array.shape != (1,):
            raise unfit(where, f"has shape {array.shape} in scalars/{name}", f"the axes {axes} that its flags state")
        found[name] = float(np.asarray(array).item()) if not axes else StoredArray(f"scalars/{name}", axes)
    return found


def _names(item: Any, attribute: str, where: str) -> list[str]:
    return [_text(name) for name in np.atleast_1d(_attribute(item, attribute, where))]


def _attribute(item: Any, name: str, where: str) -> Any:
    if name not in item.attrs:
        raise unfit(where, f"has no attribute {name!r} on {item.name}", "the schema of The Well")
    return item.attrs[name]


def _flag(array: Any, name: str) -> bool:
    return bool(array.attrs.get(name, False))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
