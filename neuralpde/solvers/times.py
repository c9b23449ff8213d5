"""The times at which a solution is wanted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def checked_times(times: Sequence[float]) -> np.ndarray:
    """The times as an array (time,); raises ``ValueError`` unless they are finite numbers that increase."""
    values = np.asarray(times, dtype=float)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or (np.diff(values) <= 0).any():
        raise ValueError(
            f"A solver wants its times as increasing finite numbers, the first that of the initial state, got {times}; "
            "sort them and drop repeated ones."
        )
    return values
