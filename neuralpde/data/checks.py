"""What every array of a dataset must satisfy."""

from __future__ import annotations

import numpy as np

from .dataset import DataError


class NotFiniteError(DataError):
    """An array holds NaN or infinity."""


def check_finite(values: np.ndarray, field: str, where: str, rows: np.ndarray | None = None) -> None:
    """Raises `NotFiniteError` where an array with a leading sample axis holds NaN or infinity.

    ``rows`` are the numbers of the samples, 0, 1, ... where left out.
    """
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if finite.all():
        return
    first = int(np.argmin(finite))
    raise NotFiniteError(
        f"{where}: field {field!r} holds NaN or infinity in {np.sum(~finite)} of {len(values)} samples, the "
        f"first is sample {first if rows is None else rows[first]}; finite numbers are expected. Find out "
        "what went wrong where the data were made, and make them again."
    )
