"""Where the points of a file lie: from stored coordinates to an axis of a box and the layout of a grid."""

from __future__ import annotations

import math

import numpy as np

from neuralpde.spaces import Axis, Box, Grid

from .files import unfit

_MOST = 8
"""Decimal places after which a number does not count as round."""


def uniform_axis(
    name: str, coordinates: np.ndarray, where: str, periodic: bool | None = None, expected: str = "cells"
) -> tuple[Axis, str]:
    """The interval and the layout of equidistant coordinates x_0, ..., x_{n-1} with step h.

    The same points may be the centres of cells of [x_0 - h/2, x_{n-1} + h/2], nodes of [x_0, x_{n-1}], or points of
    a period [x_0, x_{n-1} + h]. The interval whose ends are the rounder numbers (or multiples of pi) is taken, with
    ``expected`` first among equals; ``periodic`` says whether the ends are one point, where that is known. The
    ends are then those round numbers, free of the round-off of the file.

    Raises `DataError` where coordinates are not increasing and equidistant.
    """
    x = np.asarray(coordinates, np.float64)
    if x.ndim != 1 or x.size < 2 or not np.isfinite(x).all():
        raise unfit(where, f"has coordinates {name!r} of shape {x.shape}", "at least two finite numbers on one axis")
    h = (x[-1] - x[0]) / (x.size - 1)
    # Coordinates may be stored in single precision.
    slack = 4 * float(np.finfo(np.float32).eps) * float(np.abs(x).max())
    if h <= 0 or np.abs(np.diff(x) - h).max() > 0.01 * h + slack:
        raise unfit(
            where,
            f"has coordinates {name!r} from {x[0]:g} to {x[-1]:g} that are not increasing and equidistant",
            "a uniform grid",
            "Resample the data on one.",
        )
    ends = {
        "cells": (x[0] - h / 2, x[-1] + h / 2),
        "periodic": (x[0], x[-1] + h),
        "nodes": (x[0], x[-1]),
    }
    allowed = {True: ("periodic", "cells"), False: ("cells", "nodes"), None: tuple(ends)}[periodic]
    tolerance = 1e-4 * h + slack
    best = min(sorted(allowed, key=lambda one: one != expected), key=lambda one: _places(ends[one], tolerance))
    lower, upper = (_rounded(end, tolerance)[0] for end in ends[best])
    return Axis(name, lower, upper, periodic=best == "periodic" or bool(periodic)), best


def _places(ends: tuple[float, float], tolerance: float) -> int:
    return sum(_rounded(end, tolerance)[1] for end in ends)


def _rounded(number: float, tolerance: float) -> tuple[float, int]:
    """The roundest number (or multiple of pi) within the tolerance, and its decimal places."""
    for places in range(_MOST):
        for unit in (1.0, math.pi):
            candidate = round(number / unit, places) * unit
            if abs(candidate - number) <= tolerance:
                return float(candidate), places
    return float(number), _MOST


def box_grid(axes: list[tuple[Axis, str]], shape: tuple[int, ...]) -> Grid:
    """The grid of axes as `uniform_axis` finds them."""
    return Grid(Box(tuple(axis for axis, _ in axes)), shape, tuple(layout for _, layout in axes))


def every(grid: Grid, stride: int) -> Grid:
    """The grid of every ``stride``-th point from the first on each axis; the points stay where they are.

    On a periodic axis they are a period that starts at the first point; on others nodes from the first to the last
    point, where the last of the fine points is among them, and else the centres of wider cells.
    """
    if stride == 1:
        return grid
    taken = [
        _every(grid.domain.axes[i], np.asarray(grid.axis_coords(i), np.float64), grid.layout[i], stride)
        for i in range(grid.domain.dim)
    ]
    return box_grid([(axis, layout) for axis, layout, _ in taken], tuple(n for _, _, n in taken))


def _every(axis: Axis, x: np.ndarray, layout: str, stride: int) -> tuple[Axis, str, int]:
    n, h = x.size, float(x[1] - x[0])
    kept = -(-n // stride)
    first, last = float(x[0]), float(x[0]) + (kept - 1) * stride * h
    if axis.periodic:
        if n % stride:
            raise ValueError(f"stride={stride} does not divide the {n} points of the periodic axis {axis.name!r}.")
        return Axis(axis.name, first, first + axis.length, periodic=True), "periodic", kept
    if (n - 1) % stride == 0:
        return Axis(axis.name, first, last), "nodes", kept
    return Axis(axis.name, first - stride * h / 2, last + stride * h / 2), "cells", kept
