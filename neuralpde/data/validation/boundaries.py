"""Whether functions meet the conditions that their space states at the sides of a box.

Values at the wall and derivatives there are extrapolated from the points next to it. The errors of that are as large as
the second and the third difference a little further inside, of which three times are allowed, besides a few hundredths of
the second for derivatives and 1e-4 of the function's size. On periodic axes the step over the seam is compared with those
inside.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralpde.data.dataset import as_field
from neuralpde.spaces import Dirichlet, Field, Grid, Neumann, Periodic, Robin, Trajectory

from .checks import Check, Figures, Table, split_by_split
from .report import FAILED, OK, WARNING, Finding, NotApplicable, counted
from .slabs import Slab, grid_of, samples_of

ALLOWED, CURVED, FLOOR = 3.0, 0.03, 1e-4
FEWEST = 12
"""Points on an axis below which differences tell nothing."""
SEAM = 2.0
"""An axis is not periodic where in most samples the step over its seam is this many times the largest one inside."""


def _misses(slab: Slab) -> Figures:
    """By how much each side is missed, over what is allowed: role.side -> (sample,)."""
    found = {}
    for role, part in slab.parts.items():
        on = grid_of(part)
        if on is None:
            continue
        space: Any = as_field(part).space
        values = _settled(part)
        for axis, sides in enumerate(space.boundary):
            lines = np.moveaxis(values, 2 + axis, 0).astype(float)
            found |= _of_axis(f"{role} {on.domain.names[axis]}", lines, on, axis, sides)
    if not found:
        raise NotApplicable("no condition is stated that the values can show")
    return found


def _settled(part: Field | Trajectory) -> np.ndarray:
    """The states of a trajectory after its first, which need not meet the conditions yet."""
    values = samples_of(part)
    return values[:, 1:] if isinstance(part, Trajectory) and values.shape[1] > 1 else values


def _of_axis(name: str, lines: np.ndarray, on: Grid, axis: int, sides: tuple) -> Figures:
    """``lines`` are values with the axis in front: (n, sample, time, ..., channel)."""
    if isinstance(sides[0], Periodic):
        return {f"{name} Periodic": over_the_seam(lines)} if len(lines) > 3 else {}
    if len(lines) < FEWEST or on.layout[axis] == "chebyshev":
        return {}
    found = {}
    for end, side, inward in (("lower", sides[0], lines), ("upper", sides[1], lines[::-1])):
        miss = missed(side, inward[:5], on.spacing[axis], on.layout[axis] == "nodes")
        if miss is not None:
            found[f"{name} {end} {type(side).__name__}"] = miss
    return found


def over_the_seam(lines: np.ndarray) -> np.ndarray:
    """The step from the last point to the first, over what is allowed, (sample,); ``lines`` as of `missed`."""
    steps = _size(np.concatenate([np.diff(lines, axis=0), lines[:1] - lines[-1:]]), keep=2)
    inside = steps[:-1].max(0)
    return steps[-1] / np.where(inside > 0, SEAM * inside, np.inf)


def missed(side: Any, v: np.ndarray, h: float, nodes: bool) -> np.ndarray | None:
    """Size of the residual of a condition over what is allowed, (sample,); None for conditions of another kind.

    ``v`` are the values from the side inwards, (point, sample, ...), ``h`` apart; the first lies on the side where they
    are ``nodes``, half a cell inside else.
    """
    value = v[0] if nodes else 1.5 * v[0] - 0.5 * v[1]
    slope = (1.5 * v[0] - 2 * v[1] + 0.5 * v[2] if nodes else 2 * v[0] - 3 * v[1] + v[2]) / h
    curvature = np.maximum(np.abs(v[1] - 2 * v[2] + v[3]), np.abs(v[2] - 2 * v[3] + v[4]))
    size = _size(v, keep=2).max(0)
    if isinstance(side, Dirichlet):
        alpha, beta = 1.0, 0.0
    elif isinstance(side, Neumann):
        alpha, beta = 0.0, 1.0
    elif isinstance(side, Robin):
        alpha, beta = side.a, side.b
    else:
        return None
    residual = alpha * value + beta * slope - np.asarray(side.g, float)
    # The error is a difference of second order for the value, of third order for the derivative.
    bend = np.abs(v[1] - 3 * v[2] + 3 * v[3] - v[4]) + CURVED * curvature
    allowed = ALLOWED * (abs(alpha) * _size(curvature) + abs(beta) / h * _size(bend))
    allowed = allowed + FLOOR * (abs(alpha) + abs(beta) / h) * size
    return _size(residual) / np.where(allowed > 0, allowed, np.finfo(float).tiny)


def _size(values: np.ndarray, keep: int = 1) -> np.ndarray:
    """Root mean square over everything but the first ``keep`` axes."""
    return np.sqrt(np.mean(values**2, axis=tuple(range(keep, values.ndim))))


def _judge(table: Table) -> Finding:
    notes = []
    for name, miss in table.figures.items():
        if name.endswith("Periodic"):
            if np.median(miss) > 1:
                notes.append(f"{name}: the step over the seam is {SEAM * np.median(miss):.3g} times the largest inside")
        elif (miss > 1).any():
            missing = counted(table.rows[miss > 1], len(miss), f"miss {name}")
            notes.append(f"{missing}, by up to {miss.max():.3g} times what is allowed")
    worst = max(
        float(np.median(miss) if name.endswith("Periodic") else miss.max()) for name, miss in table.figures.items()
    )
    if not notes:
        return table.finding(OK, f"missed by {worst:.2g} of what is allowed")
    if table.split.states_conditions:
        return table.finding(FAILED, "; ".join(notes))
    return table.finding(WARNING, f"the reader assumes conditions that the file does not state; {'; '.join(notes)}")


BOUNDARIES = Check("boundary values", _misses, split_by_split(_judge))
