"""The times at which a solution is wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from neuralpde.errors import ArgumentError


def checked_times(times: Sequence[float] | np.ndarray) -> np.ndarray:
    """The times as an array (time,); raises ``ArgumentError`` unless they are finite numbers that increase."""
    values = np.asarray(times, dtype=float)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or (np.diff(values) <= 0).any():
        raise ArgumentError(
            f"A solver wants its times as increasing finite numbers, the first that of the initial state, got {times}; "
            "sort them and drop repeated ones."
        )
    return values


def uniform_substeps(times: Sequence[float] | np.ndarray, step: float) -> tuple[float, int]:
    """The step that fits between two of the equally spaced ``times``, at most ``step``, and how many fit.

    Raises ``ArgumentError`` for times that do not increase by one and the same amount.
    """
    instants = checked_times(times)
    if len(instants) < 2:
        raise ArgumentError(f"A solver needs two or more times, the first that of the initial state, got {times}.")
    intervals = np.diff(instants)
    interval = float(instants[-1] - instants[0]) / len(intervals)
    # Times from linspace or arange carry round-off of their own size.
    if np.abs(intervals - interval).max() > 1e-6 * interval:
        raise ArgumentError(
            f"The solver's step is fixed, so its times must increase by equal amounts, got steps from "
            f"{intervals.min()} to {intervals.max()}; give equally spaced times, or solve piece by piece."
        )
    if not step > 0:
        raise ArgumentError(f"The solver's step must be positive, got {step}.")
    count = math.ceil(interval / step * (1 - 1e-9))
    return interval / count, count


def common_substeps(times: Sequence[float] | np.ndarray, step: float) -> tuple[float, list[int]]:
    """One step for all intervals, at most ``step``, and how many of it fit between each two of the ``times``.

    Raises ``ArgumentError`` unless every interval is a whole number of times the shortest.
    """
    intervals = np.diff(checked_times(times))
    h, _ = uniform_substeps([0.0, float(intervals.min())] if len(intervals) else times, step)
    counts = intervals / h
    ratios = intervals / intervals.min()
    if np.abs(ratios - np.round(ratios)).max() > 1e-6 * ratios.max():
        raise ArgumentError(
            f"The solver's step is fixed, so the intervals between its times must be multiples of the shortest of "
            f"them, got {sorted(set(intervals.tolist()))}; choose other times, or solve piece by piece."
        )
    return h, [round(count) for count in counts]
