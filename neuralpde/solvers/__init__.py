"""Trusted numerical solvers that make reference solutions, each with a measured order of convergence."""

from .elliptic import EllipticSolution, solve_elliptic

__all__ = ["EllipticSolution", "solve_elliptic"]
