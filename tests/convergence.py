"""Measured orders of convergence, shared by the tests."""

import math
from collections.abc import Sequence


def observed_order(errors: Sequence[float], ratio: float = 2.0) -> float:
    """Order seen over the last refinement by ``ratio``."""
    return math.log(float(errors[-2]) / float(errors[-1])) / math.log(ratio)
