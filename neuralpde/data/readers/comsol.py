"""Text exports of COMSOL, as PINNacle ships them for its references (Hao et al., NeurIPS 2024).

Lines that begin with ``%`` are a header, the last of them the names of the columns: coordinates, then one column an
expression at one time and setting of the parameters, ``u (m/s) @ t=0.1, Re=100``. A file may have no header; its
columns are then named by an argument.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from neuralpde.data.dataset import DataError, Dataset
from neuralpde.data.source import InMemory, in_host_memory, stacked_field, unchecked
from neuralpde.spaces import AbstractDomain, Axis, Box, Field, FunctionSpace, Points, Sample, Trajectory

from .datasets import Pairing, found
from .files import reading_file, unfit

SCHEMA = "COMSOL"
_COLUMN = re.compile(r"^(?P<name>.+?)(?: \((?P<unit>[^()]*)\))?(?: @ (?P<setting>.+))?$")


class _Column(NamedTuple):
    """One column after the coordinates."""

    name: str
    unit: str
    time: float | None
    parameters: dict[str, float]


class _Table(NamedTuple):
    """A file: coordinates (point, d) with their names, columns, and values (point, column)."""

    axes: tuple[str, ...]
    x: np.ndarray
    columns: list[_Column]
    values: np.ndarray


def comsol(
    path: str,
    pairs: Pairing,
    train: int | None = None,
    names: Sequence[str] | None = None,
    domain: AbstractDomain | None = None,
) -> Dataset:
    """A time-dependent export as pairs (`frames`) of functions on its points: the first ``train`` to learn from, the
    others the test set; left out, a tenth is held out.

    Raises `DataError`, also for a stationary export, which is one function: see `read_comsol`.
    """
    source = comsol_source(path, names, domain)
    made = pairs(source)
    kept = made.count - max(1, made.count // 10) if train is None else train
    if not 1 <= kept < made.count:
        raise DataError(
            f"{path} gives {made.count} pairs; train={kept} leaves none for the test set or none to learn from."
        )
    whole = InMemory(made.read())
    splits = [in_host_memory(InMemory(whole.read(rows))) for rows in (slice(kept), slice(kept, None))]
    points = splits[1].targets.values.shape[-2]
    return Dataset("comsol", splits[0], None, {str(points): splits[1]}, {"source": SCHEMA, "files": [Path(path).name]})


def read_comsol(
    path: str | os.PathLike, names: Sequence[str] | None = None, domain: AbstractDomain | None = None
) -> Field | Trajectory:
    """The functions of an export on its points: a trajectory where columns have times, else a field.

    ``names`` are those of all columns, for a file without a header: ``["x", "y", "u"]``; the coordinates are those
    among x, y, z, r at its start. ``domain`` is the one that the points sample, left out the smallest box around
    them. Points have equal weights: they are vertices of a mesh, whose cells the file does not hold.

    Raises `DataError`, also where the columns are those of several settings of parameters (`comsol_source`).
    """
    source = comsol_source(path, names, domain)
    if source.count != 1:
        raise DataError(f"{path} holds {source.count} settings of its parameters; comsol_source gives all of them.")
    targets = source.read().targets
    field = targets.field if isinstance(targets, Trajectory) else targets
    on = Points(field.on.x.reshape(-1, *field.on.x.shape[-2:])[0], field.space.domain)
    if isinstance(targets, Trajectory):
        return Trajectory(jnp.asarray(targets.times[0]), Field.stack(field.values[0], on, field.space))
    return Field(field.values[0], on, field.space)


def comsol_source(
    path: str | os.PathLike, names: Sequence[str] | None = None, domain: AbstractDomain | None = None
) -> InMemory:
    """The samples of an export, one a setting of its parameters. Inputs are the initial state; of a stationary
    export, the solution itself. See `read_comsol`.
    """
    where = str(path)
    table = _read(path, names)
    settings = _distinct(column.parameters for column in table.columns)
    fields = list(dict.fromkeys(column.name for column in table.columns))
    times = sorted({column.time for column in table.columns if column.time is not None})
    if times and any(column.time is None for column in table.columns):
        raise unfit(where, "has columns with and without a time", "times for all columns or for none")
    values = np.stack([_states(table, setting, fields, times or [None], where) for setting in settings])
    box = domain or _bounding_box(table)
    if box.dim != len(table.axes):
        raise DataError(f"{where} has the coordinates {table.axes}, the domain {box.names}; give one of as many axes.")
    space = FunctionSpace(box, fields)
    parameters = {name: np.asarray([setting[name] for setting in settings]) for name in settings[0]}
    initial = _on_points(values[:, 0], table, space)
    if not times:
        return InMemory(unchecked(Sample, inputs=initial, targets=initial, parameters=parameters))
    clock = np.broadcast_to(np.asarray(times), (len(settings), len(times)))
    targets = unchecked(Trajectory, times=clock, field=_on_points(values, table, space))
    return InMemory(unchecked(Sample, inputs=initial, targets=targets, parameters=parameters))


def comsol_units(path: str | os.PathLike, names: Sequence[str] | None = None) -> dict[str, str]:
    """The unit of each expression that states one."""
    return {column.name: column.unit for column in _read(path, names).columns if column.unit}


def is_comsol(path: Path) -> bool:
    """Whether a file begins with the header of an export."""
    with path.open("rb") as file:
        head = file.read(4096)
    return head.startswith(b"%") and b"% Nodes:" in head


def _read(path: str | os.PathLike, names: Sequence[str] | None) -> _Table:
    place = found(path)
    where = str(place)
    with reading_file(place, "a text export of COMSOL"):
        header = _header(place)
        table = np.loadtxt(place, comments="%", ndmin=2)
    named = list(names) if names is not None else _column_names(header, where)
    if table.shape[1] != len(named):
        raise unfit(where, f"has {table.shape[1]} columns", f"one for each of {named}")
    stated = {key: value for line in header for key, _, value in [line.partition(":")] if value}
    nodes = stated.get("Nodes", "").strip()
    if nodes and int(nodes) != len(table):
        raise unfit(where, f"has {len(table)} lines", f"the {nodes} nodes of its header (it is cut off)")
    if not np.isfinite(table).all():
        line = int(np.argmin(np.isfinite(table).all(axis=1)))
        raise unfit(where, f"holds NaN or infinity at point {line}", "finite numbers", "Export the solution again.")
    dim = int(stated["Dimension"]) if "Dimension" in stated else sum(name.lower() in "xyzr" for name in named)
    axes = tuple(name.lower() for name in named[:dim])
    if not 0 < dim < len(named):
        raise unfit(where, f"has the columns {named}", "coordinates, then at least one expression")
    return _Table(axes, table[:, :dim], [_column(name, where) for name in named[dim:]], table[:, dim:])


def _header(path: Path) -> list[str]:
    lines = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.startswith("%"):
                break
            lines.append(line[1:].strip())
    return lines


def _column_names(header: list[str], where: str) -> list[str]:
    if not header:
        raise unfit(where, "has no header", "the names of its columns", 'Give them: names=["x", "y", "u"].')
    return re.split(r"\s{2,}", header[-1])


def _column(text: str, where: str) -> _Column:
    match = _COLUMN.match(text)
    assert match is not None  # any text has a name
    setting: dict[str, float] = {}
    for entry in (match["setting"] or "").split(","):
        name, _, value = entry.partition("=")
        if not value:
            continue
        try:
            setting[name.strip()] = float(value)
        except ValueError as error:
            raise unfit(where, f"has the column {text!r}", "numbers after @ NAME=") from error
    time = setting.pop("t", None)
    return _Column(match["name"].strip(), match["unit"] or "", time, setting)


def _states(table: _Table, setting: dict[str, float], fields: list[str], times: Sequence[float | None], where: str):
    """Values (time, point, component) at one setting."""
    places = {
        (column.name, column.time): place for place, column in enumerate(table.columns) if column.parameters == setting
    }
    missing = [(name, time) for time in times for name in fields if (name, time) not in places]
    if missing:
        raise unfit(where, f"lacks {missing[:3]} at {setting or 'its only setting'}", "every expression at every time")
    index = [[places[name, time] for name in fields] for time in times]
    return np.moveaxis(table.values[:, index], 1, 0)


def _on_points(values: np.ndarray, table: _Table, space: FunctionSpace) -> Field:
    """Stacked fields: each has its own copy of the points, as a batch of fields on `Points` has."""
    lead = values.shape[:-2]
    x = np.broadcast_to(table.x, (*lead, *table.x.shape))
    weights = np.full((*lead, len(table.x)), space.domain.volume / len(table.x))
    return stacked_field(values, unchecked(Points, x=x, w=weights, mask=None, domain=space.domain), space)


def _bounding_box(table: _Table) -> Box:
    ends = zip(table.axes, table.x.min(0), table.x.max(0), strict=True)
    return Box(tuple(Axis(name, float(lower), float(upper)) for name, lower, upper in ends))


def _distinct(settings) -> list[dict[str, float]]:
    return [dict(entries) for entries in dict.fromkeys(tuple(sorted(setting.items())) for setting in settings)]
