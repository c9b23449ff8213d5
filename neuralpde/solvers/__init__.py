"""Trusted numerical solvers that make reference solutions, each with a measured order of convergence."""

from .conservation import ConservationSolution, FiniteVolume
from .elliptic import EllipticSolution, solve_elliptic
from .solver import AbstractSolver

__all__ = ["AbstractSolver", "ConservationSolution", "EllipticSolution", "FiniteVolume", "solve_elliptic"]
