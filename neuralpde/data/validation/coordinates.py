"""Checks of where and when the values are: times, coordinates of grids, points."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralpde.data.dataset import as_field
from neuralpde.data.stored import StoredSample
from neuralpde.spaces import Field, Grid, Points, Trajectory

from .checks import Check, Figures, Table, split_by_split
from .report import FAILED, OK, WARNING, Finding, NotApplicable, counted
from .slabs import Slab

UNEVEN = 1e-3
"""Steps differ where they do by more than this part of their mean, and more than single precision explains."""


def _times(slab: Slab) -> Figures:
    """Whether times increase, whether by equal steps, and whether they are those that the recipe states."""
    if not isinstance(slab.sample.targets, Trajectory):
        raise NotApplicable("the samples are pairs of functions, without times")
    times = np.asarray(slab.sample.targets.times, float)
    if times.shape[1] < 2:
        raise NotApplicable("one state has no steps in time")
    steps = np.diff(times, axis=1)
    step = (times[:, -1:] - times[:, :1]) / steps.shape[1]
    slack = UNEVEN * np.abs(step) + 4 * np.finfo(np.float32).eps * np.abs(times).max(1, keepdims=True)
    figures = {
        "increasing": np.isfinite(times).all(1) & (steps > 0).all(1),
        "even": (np.abs(steps - step) <= slack).all(1),
        "step": step[:, 0],
    }
    recipe = slab.split.recipe
    if {"interval", "start"} <= set(recipe):
        expected = recipe["start"] + recipe["interval"] * np.arange(times.shape[1])
        figures["as stated"] = (np.abs(times - expected) <= slack).all(1)
    return figures


def _judge_times(table: Table) -> Finding:
    found = table.figures
    increasing, even = found["increasing"], found["even"]
    if not increasing.all():
        return table.judged(~increasing, "have times that do not increase", "")
    if not found.get("as stated", even).all() and "as stated" in found:
        return table.judged(~found["as stated"], "have other times than the recipe states", "")
    if not even.all():
        return table.judged(~even, "have unequal steps in time", "", WARNING)
    return table.finding(OK, f"increasing by {np.median(found['step']):.6g}")


def _coordinates(slab: Slab) -> Figures:
    """Distance of stored coordinates from those of the grid; of points, whether they lie in their domain."""
    source, found = slab.split.source, {}
    if isinstance(source, StoredSample):
        for role, home in source.homes.items():
            part = as_field(getattr(slab.sample, role))
            if isinstance(part.on, Grid):
                found |= {f"{role} {name}": np.full(len(slab.rows), d) for name, d in _off_grid(home, part.on).items()}
    for role in ("inputs", "targets"):
        part = as_field(getattr(slab.sample, role))
        if isinstance(part.on, Points):
            found[f"{role} points"] = _outside(part)
    if not found:
        raise NotApplicable("the grid is the reader's: from equidistant coordinates, or none are stored")
    return found


def _off_grid(home: Any, on: Grid) -> dict[str, float]:
    """Largest distance of the stored coordinates of each axis from those of the grid, over its spacing."""
    names = [
        name.decode() if isinstance(name, bytes) else str(name) for name in home["dimensions"].attrs["spatial_dims"]
    ]
    distances = {}
    for axis, name in enumerate(names):
        stored, expected = np.asarray(home[f"dimensions/{name}"], float), np.asarray(on.axis_coords(axis), float)
        fits = stored.shape == expected.shape
        distances[name] = float(np.abs(stored - expected).max()) / on.spacing[axis] if fits else np.inf
    return distances


def _outside(part: Field) -> np.ndarray:
    """Distance of the points of each sample outside of the bounds of their domain, over its extent."""
    box = part.space.domain.bounds
    lower, upper = np.asarray(box.lower), np.asarray(box.upper)
    x = np.asarray(part.on.x, float)
    beyond = np.maximum(np.maximum(lower - x, x - upper), 0) / (upper - lower)
    return np.nan_to_num(beyond, nan=np.inf).reshape(len(x), -1).max(1)


def _judge_coordinates(table: Table) -> Finding:
    bad = {name: off for name, off in table.figures.items() if not (off <= UNEVEN).all()}
    if not bad:
        return table.finding(OK, f"as the grid states: {', '.join(table.figures)}")
    grids = [
        f"{name} is {off.max():.2g} of a spacing away from the grid"
        for name, off in bad.items()
        if "points" not in name
    ]
    points = [
        counted(table.rows[off > UNEVEN], len(off), f"have {name} outside of their domain")
        for name, off in bad.items()
        if "points" in name
    ]
    return table.finding(FAILED, "; ".join(grids + points))


TIMES = Check("times", _times, split_by_split(_judge_times))
COORDINATES = Check("coordinates", _coordinates, split_by_split(_judge_coordinates))
