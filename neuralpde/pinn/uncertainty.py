"""How a number that was inferred is told: with its standard deviation and an interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neuralpde.errors import ArgumentError


class Estimate(NamedTuple):
    """A number, its standard deviation, and an interval that holds the truth with a stated probability."""

    value: float
    deviation: float
    lower: float
    upper: float


def interval(value: float, deviation: float, logarithmic: bool, level: float, freedom: float) -> Estimate:
    """The interval of probability ``level`` by Student's t with ``freedom`` degrees of freedom.

    ``deviation`` is that of the value, or for ``logarithmic`` that of its logarithm: the interval is then one of factors,
    as positive quantities want it.
    """
    import scipy.stats

    if not 0 < level < 1:
        raise ArgumentError(f"level is a probability between 0 and 1, got {level}.")
    value, deviation = float(value), float(deviation)
    reach = float(scipy.stats.t.ppf((1 + level) / 2, max(freedom, 1.0))) * deviation
    if logarithmic:
        return Estimate(value, abs(value) * deviation, value * float(np.exp(-reach)), value * float(np.exp(reach)))
    return Estimate(value, deviation, value - reach, value + reach)
