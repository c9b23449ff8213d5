"""Trusted numerical solvers that make reference solutions, each with a measured order of convergence."""

from .elliptic import EllipticSolution, solve_elliptic
from .etdrk import ETDRK
from .solver import AbstractSolver
from .vorticity import CrankNicolsonVorticity

__all__ = ["ETDRK", "AbstractSolver", "CrankNicolsonVorticity", "EllipticSolution", "solve_elliptic"]
