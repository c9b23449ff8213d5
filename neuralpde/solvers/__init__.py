"""Trusted numerical solvers that make reference solutions, each with a measured order of convergence."""

from .elliptic import EllipticSolution, solve_elliptic
from .solver import AbstractSolver

__all__ = ["AbstractSolver", "EllipticSolution", "solve_elliptic"]
