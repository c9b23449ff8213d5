"""Trusted numerical solvers that make reference solutions, each with a measured order of convergence."""

from .conservation import ConservationSolution, FiniteVolume
from .elliptic import EllipticSolution, solve_elliptic
from .etdrk import ETDRK
from .solver import AbstractSolver
from .vorticity import CrankNicolsonVorticity

__all__ = [
    "ETDRK",
    "AbstractSolver",
    "ConservationSolution",
    "CrankNicolsonVorticity",
    "EllipticSolution",
    "FiniteVolume",
    "solve_elliptic",
]
