"""Trusted numerical solvers that make reference solutions, each with a measured order of convergence."""

from .chebyshev_collocation import ChebyshevCollocation, solve_two_point
from .conservation import ConservationSolution, FiniteVolume
from .diffrax_ode import solve_ode
from .diffrax_sde import brownian_path, solve_sde
from .elliptic import EllipticSolution, solve_elliptic
from .etdrk import ETDRK
from .method_of_lines import MethodOfLines
from .projection_method import ProjectionMethod
from .semi_lagrangian import SemiLagrangian
from .solver import AbstractSolver, Limit
from .spectral_transform import SpectralTransform
from .vorticity import CrankNicolsonVorticity

__all__ = [
    "ETDRK",
    "AbstractSolver",
    "ChebyshevCollocation",
    "ConservationSolution",
    "CrankNicolsonVorticity",
    "EllipticSolution",
    "FiniteVolume",
    "Limit",
    "MethodOfLines",
    "ProjectionMethod",
    "SemiLagrangian",
    "SpectralTransform",
    "brownian_path",
    "solve_elliptic",
    "solve_ode",
    "solve_sde",
    "solve_two_point",
]
