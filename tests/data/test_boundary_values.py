"""Conditions at the sides, on functions that meet them and on functions that do not."""

import numpy as np
import pytest

from neuralpde.data.validation.boundaries import missed, over_the_seam
from neuralpde.spaces import Dirichlet, Free, Neumann, Robin

N = 64
H = 1 / N
CELLS, NODES = (np.arange(N) + 0.5) * H, np.arange(N) * H


def miss(side, u, nodes=False):
    """By how much the lower side is missed by one sample u(x)."""
    return float(missed(side, u(NODES if nodes else CELLS)[:5, None, None], H, nodes)[0])


MET = [
    (Dirichlet(0.0), lambda x: np.sin(3 * x) + x**2),
    (Dirichlet(2.0), lambda x: 2 * np.exp(x)),
    (Neumann(0.0), lambda x: np.cos(5 * x)),
    (Neumann(-3.0), lambda x: np.sin(3 * x) + x**3),  # du/dn is -u' at a lower side
    (Robin(1.0, 0.5, 0.0), lambda x: np.exp(2 * x)),
    (Robin(2.0, 1.0, 1.0), lambda x: 1 + x + x**2),
]


@pytest.mark.parametrize("nodes", [False, True])
@pytest.mark.parametrize("place", range(len(MET)))
def test_what_meets_a_condition_is_within_what_is_allowed(place, nodes):
    side, u = MET[place]
    assert miss(side, u, nodes) < 1


@pytest.mark.parametrize("nodes", [False, True])
@pytest.mark.parametrize("place", range(len(MET)))
def test_what_does_not_is_far_beyond(place, nodes):
    side, u = MET[place]
    other = {Dirichlet: lambda x: u(x) + 0.1, Neumann: lambda x: u(x) + 0.3 * x, Robin: lambda x: u(x) + 0.3 * x}
    assert miss(side, other[type(side)], nodes) > 4


def test_a_wall_that_was_overwritten_is_noticed():
    def u(x):
        values = np.sin(3 * x)
        values[0] = 0.3
        return values

    assert miss(Dirichlet(0.0), u) > 20


def test_a_free_side_is_not_judged():
    assert missed(Free(), np.ones((5, 1, 1)), H, False) is None


@pytest.mark.parametrize("u, met", [(lambda x: np.sin(2 * np.pi * x + 1), True), (lambda x: x, False)])
def test_a_period_has_no_seam(u, met):
    assert (float(over_the_seam(u(NODES)[:, None, None])[0]) < 1) == met
