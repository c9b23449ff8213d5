"""Output times of solvers with a fixed step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def uniform_substeps(times: Sequence[float], step: float) -> tuple[float, int]:
    """The step that fits between two of the equally spaced ``times``, at most ``step``, and how many fit.

    Raises ``ValueError`` for times that do not increase by one and the same amount.
    """
    instants = np.asarray(times, dtype=np.float64)
    if instants.ndim != 1 or len(instants) < 2:
        raise ValueError(f"A solver needs two or more times, the first that of the initial state, got {times}.")
    intervals = np.diff(instants)
    interval = float(instants[-1] - instants[0]) / len(intervals)
    # Times from linspace or arange carry round-off of their own size.
    if not interval > 0 or np.abs(intervals - interval).max() > 1e-6 * interval:
        raise ValueError(
            f"The solver's step is fixed, so its times must increase by equal amounts, got steps from "
            f"{intervals.min()} to {intervals.max()}; give equally spaced times, or solve piece by piece."
        )
    if not step > 0:
        raise ValueError(f"The solver's step must be positive, got {step}.")
    count = math.ceil(interval / step * (1 - 1e-9))
    return interval / count, count
