"""One stacked Sample written as an HDF5 group in the public schema of The Well (Ohana et al., NeurIPS 2024).

The group has the attributes ``dataset_name``, ``grid_type``, ``n_spatial_dims``, ``n_trajectories``,
``simulation_parameters`` (and one attribute for each of these), and the groups ``dimensions``,
``boundary_conditions``, ``scalars``, ``t0_fields``, ``t1_fields``, ``t2_fields``. Every component of a
field is a dataset of ``t0_fields``, (sample, *grid), or (sample, time, *grid) where it varies in time;
parameters are datasets of ``scalars``. A chunk is one sample, so that a sample is one read.

What the public schema has no words for is added beside it: the attribute ``neuralpde`` (JSON: format
version, and for inputs and targets the space, the grid and the names of the component datasets), the group
``points`` (coordinates, weights and mask where the discretisation is not a grid), and the group ``inputs``,
again in this schema, where inputs do not share the discretisation and the times of the targets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import h5py
import numpy as np
from jaxtyping import Array

from neuralpde.spaces import (
    AbstractBoundaryCondition,
    AbstractDiscretization,
    Field,
    Free,
    Grid,
    Periodic,
    Points,
    Sample,
    Trajectory,
)

from .checks import check_finite
from .dataset import DataError, as_field
from .description import describe

FORMAT = 1
Parts = dict[str, Field | Trajectory]
# Names that an attribute for a parameter cannot take.
RESERVED = (
    *("dataset_name", "grid_type", "n_spatial_dims", "n_trajectories", "simulation_parameters"),
    *("neuralpde", "provenance", "version", "tests", "sha256"),
)


def write_sample(group: h5py.Group, sample: Sample, name: str, constants: dict[str, float]) -> None:
    """Write a stacked sample of the dataset ``name`` into an empty group.

    ``constants`` are parameters that are the same for all samples; they become attributes. Raises
    `DataError` where a space holds code, or an array NaN or infinity.
    """
    parts: Parts = {"inputs": sample.inputs, "targets": sample.targets}
    if not _share_dimensions(sample.inputs, sample.targets):
        inputs = {"inputs": parts.pop("inputs")}
        _write_parts(group.create_group("inputs"), inputs, {}, name, constants)
    _write_parts(group, parts, sample.parameters, name, constants)


def _share_dimensions(a: Field | Trajectory, b: Field | Trajectory) -> bool:
    """Whether two parts fit one set of dimensions: equal grids, and equal times if both vary in time."""
    on = as_field(a).on
    if not isinstance(on, Grid) or on != as_field(b).on:
        return False
    both = isinstance(a, Trajectory) and isinstance(b, Trajectory)
    return not both or np.array_equal(a.times, b.times)


def _write_parts(
    group: h5py.Group,
    parts: Parts,
    parameters: dict[str, Array | np.ndarray],
    name: str,
    constants: dict[str, float],
) -> None:
    on = _writable(as_field(next(iter(parts.values()))).on)
    components = _component_names(parts)
    group.attrs["neuralpde"] = json.dumps(_extension(parts, on, components))
    group.attrs["dataset_name"] = name
    group.attrs["grid_type"] = "cartesian" if isinstance(on, Grid) else "points"
    group.attrs["n_trajectories"] = as_field(next(iter(parts.values()))).values.shape[0]
    constants = {key: value for key, value in constants.items() if key not in RESERVED}
    group.attrs["simulation_parameters"] = _strings(constants)
    for key, value in constants.items():
        group.attrs[key] = value
    times = [part.times for part in parts.values() if isinstance(part, Trajectory)]
    _write_dimensions(group, on, np.asarray(times[0]) if times else np.zeros(1))
    _write_fields(group, parts, components)
    _write_boundaries(group.create_group("boundary_conditions"), parts, components)
    _write_scalars(group.create_group("scalars"), parameters)


def _writable(on: AbstractDiscretization) -> Grid | Points:
    if not isinstance(on, Grid | Points):
        raise DataError(
            f"A dataset file cannot hold fields on a {type(on).__name__}; resample them on a Grid or on Points."
        )
    return on


def _extension(parts: Parts, on: Grid | Points, components: dict[str, list[str]]) -> dict:
    """What the reader needs beyond the public schema."""
    return {
        "format": FORMAT,
        "on": {
            "kind": type(on).__name__,
            "domain": describe(on.domain),
            "shape": describe(on.shape if isinstance(on, Grid) else on.x.shape[-2:-1]),
            "layout": describe(on.layout) if isinstance(on, Grid) else None,
        },
        "parts": {
            role: {
                "kind": type(part).__name__,
                "space": describe(as_field(part).space),
                "components": components[role],
            }
            for role, part in parts.items()
        },
    }


def _component_names(parts: Parts) -> dict[str, list[str]]:
    """Names of the datasets: those of the components; ``_input`` is added where a target has the same
    name.
    """
    taken: set[str] = set()
    named = {}
    for role in sorted(parts, reverse=True):  # targets first: they keep their names
        named[role] = [_distinct(name, taken, "_input") for name in as_field(parts[role]).space.names]
    return {role: named[role] for role in parts}


def _distinct(name: str, taken: set[str], suffix: str) -> str:
    """``name`` without the separator of HDF5 paths, made distinct from those taken, and taken itself."""
    name = name.replace("/", "|")
    while name in taken:
        name += suffix
    taken.add(name)
    return name


def _write_dimensions(group: h5py.Group, on: Grid | Points, times: np.ndarray) -> None:
    dimensions = group.create_group("dimensions")
    _write_varying(dimensions, "time", times, ("sample",) if times.ndim == 2 else ())
    if isinstance(on, Grid):
        names = _axis_names(on)
        axes = {name: np.asarray(on.axis_coords(i)) for i, name in enumerate(names)}
    else:
        axes = {"point": np.arange(on.x.shape[-2], dtype=np.float32)}
        _write_points(group.create_group("points"), on)
    group.attrs["n_spatial_dims"] = len(axes)
    dimensions.attrs["spatial_dims"] = _strings(axes)
    for name, coordinates in axes.items():
        dataset = dimensions.create_dataset(name, data=coordinates)
        dataset.attrs.update(sample_varying=False, time_varying=False)


def _axis_names(on: Grid) -> list[str]:
    """Names of the coordinate datasets: those of the axes, but ``time`` is taken."""
    taken = {"time"}
    return [_distinct(name, taken, "_axis") for name in on.domain.names]


def _write_points(group: h5py.Group, on: Points) -> None:
    arrays = {"x": on.x, "weights": on.w} | ({} if on.mask is None else {"mask": on.mask})
    leading = ("sample", "time")[: on.w.ndim - 1]
    for name, array in arrays.items():
        _write_varying(group, name, np.asarray(array), leading)


def _write_varying(group: h5py.Group, name: str, array: np.ndarray, leading: tuple[str, ...]) -> None:
    """Write an array without those of its leading axes along which it is constant."""
    varying = {"sample": False, "time": False}
    for i, axis in reversed(list(enumerate(leading))):
        first = array.take([0], axis=i)
        varying[axis] = not np.array_equal(array, np.broadcast_to(first, array.shape))
        array = array if varying[axis] else first.squeeze(i)
    dataset = group.create_dataset(name, data=array, maxshape=_growing(array) if varying["sample"] else None)
    dataset.attrs.update(sample_varying=varying["sample"], time_varying=varying["time"])


def _write_fields(group: h5py.Group, parts: Parts, components: dict[str, list[str]]) -> None:
    scalars = group.create_group("t0_fields")
    scalars.attrs["field_names"] = _strings(name for role in parts for name in components[role])
    for role, part in parts.items():
        values = np.asarray(as_field(part).values)
        names = ", ".join(as_field(part).space.names)
        check_finite(values, names, f"The {role} of {group.attrs['dataset_name']!r}")
        time_varying = isinstance(part, Trajectory)
        for channel, name in enumerate(components[role]):
            component = values[..., channel]
            chunks = (1, *component.shape[1:])
            dataset = scalars.create_dataset(name, data=component, chunks=chunks, maxshape=_growing(component))
            dataset.attrs["dim_varying"] = np.ones(component.ndim - 1 - time_varying, bool)
            dataset.attrs.update(sample_varying=True, time_varying=time_varying, role=role)
    for empty in ("t1_fields", "t2_fields"):
        group.create_group(empty).attrs["field_names"] = _strings(())


def _write_boundaries(group: h5py.Group, parts: Parts, components: dict[str, list[str]]) -> None:
    """One group a condition: the axis, the ends where it holds, and the components of which it holds."""
    for role, part in parts.items():
        field = as_field(part)
        if not isinstance(field.on, Grid):
            continue
        boundary: Any = field.space.boundary  # a (lower, upper) pair an axis
        for axis, n, (lower, upper) in zip(_axis_names(field.on), field.on.shape, boundary, strict=True):
            if lower == upper:
                home = group.create_group(f"{axis}_{role}")
                _write_condition(home, lower, axis, components[role], n, [0, -1])
                continue
            for end, condition, place in (("lower", lower, 0), ("upper", upper, -1)):
                home = group.create_group(f"{axis}_{role}_{end}")
                _write_condition(home, condition, axis, components[role], n, [place])


def _write_condition(
    group: h5py.Group,
    condition: AbstractBoundaryCondition,
    axis: str,
    fields: list[str],
    n: int,
    places: list[int],
) -> None:
    """A condition at ``places`` of an axis with ``n`` points; values are zero where it prescribes none."""
    mask = np.zeros(n, bool)
    mask[places] = True
    datum = np.asarray(getattr(condition, "g", 0.0), float)
    group.attrs["associated_dims"] = _strings([axis])
    group.attrs["associated_fields"] = _strings(fields)
    group.attrs["bc_type"] = _public_type(condition)
    group.attrs["condition"] = json.dumps(describe(condition))
    group.attrs.update(sample_varying=False, time_varying=False)
    group.create_dataset("mask", data=mask)
    group.create_dataset("values", data=np.broadcast_to(datum, (mask.sum(), *datum.shape)))


def _public_type(condition: AbstractBoundaryCondition) -> str:
    """The word of the public schema, which knows three kinds of sides."""
    if isinstance(condition, Periodic):
        return "periodic"
    return "open" if isinstance(condition, Free) else "wall"


def _write_scalars(group: h5py.Group, parameters: dict[str, Array | np.ndarray]) -> None:
    taken: set[str] = set()
    for name, values in parameters.items():
        check_finite(np.asarray(values), name, "The parameters of the samples")
        values = np.asarray(values)
        dataset = group.create_dataset(_distinct(name, taken, "_"), data=values, maxshape=_growing(values))
        dataset.attrs.update(sample_varying=True, time_varying=False, parameter=name)
    group.attrs["field_names"] = _strings(group)


def _growing(array: np.ndarray) -> tuple[int | None, ...]:
    """The largest shape of a dataset to which samples may be appended."""
    return (None, *array.shape[1:])


def _strings(names: Iterable[str]) -> np.ndarray:
    return np.array(list(names), dtype=h5py.string_dtype())
