"""Errors of reference flames, for their tests and for the table of orders."""

import functools

from neuralpde.equations.combustion import SimplifiedFlame
from neuralpde.solvers import solve_simplified_flame

FLAME = SimplifiedFlame(flame_speed=0.4)
SLOPE, LENGTH = 1e5, 1.5e-3


@functools.cache
def simplified(**given):
    """The simplified flame of an equivalence ratio of 0.42."""
    return solve_simplified_flame(FLAME, SLOPE, LENGTH, **given)


@functools.cache
def speed_errors() -> list[float]:
    """Relative, of its speed on 16, 32 and 64 elements of degree 2."""
    truth = simplified().parameters[0]
    return [abs(simplified(elements=n, degree=2).parameters[0] / truth - 1) for n in (16, 32, 64)]


def flame_rows():
    """Rule, problem, expected order and errors, for the table of orders."""
    return [("collocation on elements, degree 2", "simplified flame, speed", "4", speed_errors())]
