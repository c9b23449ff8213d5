"""Equations and solvers come back from the words of a provenance; nothing else does."""

import pytest

from neuralpde.data.recipe import plain
from neuralpde.data.validation.rebuilding import rebuilt
from neuralpde.data.validation.report import NotApplicable
from neuralpde.equations import (
    AbstractEquation,
    Advection,
    BuoyantSmoke,
    Burgers,
    CompressibleNavierStokes,
    FisherKPP,
    ShallowWater,
    Vorticity,
    diagonal_forcing,
    kolmogorov_forcing,
)
from neuralpde.solvers import ETDRK, AbstractSolver, FiniteVolume, MethodOfLines
from neuralpde.spaces import Box

SQUARE = Box.cube(2, periodic=True)
THINGS = [
    Burgers(0.1),
    Advection((0.4,)),
    FisherKPP(0.5),
    ShallowWater(dim=1),
    CompressibleNavierStokes(shear=1e-8, bulk=1e-8, dim=2),
    BuoyantSmoke(),
    Vorticity(1e-3, forcing=diagonal_forcing(SQUARE)),
    Vorticity(1e-3, 0.1, kolmogorov_forcing(SQUARE)),
    ETDRK(0.1, order=2),
    FiniteVolume(limiter="minmod"),
    MethodOfLines(rtol=1e-5),
]


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: type(thing).__name__)
def test_what_is_described_comes_back(thing):
    again = rebuilt(plain(thing))
    assert type(again) is type(thing) and plain(again) == plain(thing)


@pytest.mark.parametrize(
    "described, said",
    [
        ({"type": "Popen", "args": ["true"]}, "does not know 'Popen'"),
        ({"type": "os.system"}, "does not know 'os.system'"),
        ({"type": "Burgers", "speed": 1.0}, "cannot be built"),
        ({"type": "ETDRK", "step": 0.1}, "states no Equation"),
        ("neuralpde.cli.main", "states no Equation"),
        (None, "states no Equation"),
    ],
)
def test_anything_else_is_refused(described, said):
    with pytest.raises(NotApplicable, match=said):
        rebuilt(described, AbstractEquation)


def test_functions_are_those_of_equations():
    assert rebuilt("neuralpde.cli.main") == "neuralpde.cli.main"
    assert callable(rebuilt("neuralpde.equations.vorticity._diagonal"))
    assert isinstance(rebuilt(plain(ETDRK(0.1)), AbstractSolver), ETDRK)
