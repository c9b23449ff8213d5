"""Trusted numerical solvers that make reference solutions, each with a measured order of convergence."""

from .boundary_value import BoundaryValueSolution, solve_boundary_value
from .characteristics import solve_advection
from .chebyshev_collocation import ChebyshevCollocation, solve_two_point
from .conservation import ConservationSolution, FiniteVolume
from .counterflow import solve_counterflow_flame
from .diffrax_ode import solve_ode
from .diffrax_sde import brownian_path, solve_sde
from .elliptic import EllipticSolution, solve_elliptic
from .etdrk import ETDRK
from .flames import solve_free_flame, solve_simplified_flame
from .helmholtz import HelmholtzSolution, solve_helmholtz
from .method_of_lines import MethodOfLines
from .projection_method import ProjectionMethod
from .semi_lagrangian import SemiLagrangian
from .solver import AbstractSolver, Limit
from .spacetime import AbstractSpaceTimeProblem, AdvectionCase, SourceToState, StateToSolution
from .spectral_transform import SpectralTransform
from .vorticity import CrankNicolsonVorticity

__all__ = [
    "ETDRK",
    "AbstractSolver",
    "AbstractSpaceTimeProblem",
    "AdvectionCase",
    "BoundaryValueSolution",
    "ChebyshevCollocation",
    "ConservationSolution",
    "CrankNicolsonVorticity",
    "EllipticSolution",
    "FiniteVolume",
    "HelmholtzSolution",
    "Limit",
    "MethodOfLines",
    "ProjectionMethod",
    "SemiLagrangian",
    "SourceToState",
    "SpectralTransform",
    "StateToSolution",
    "brownian_path",
    "solve_advection",
    "solve_boundary_value",
    "solve_counterflow_flame",
    "solve_elliptic",
    "solve_free_flame",
    "solve_helmholtz",
    "solve_ode",
    "solve_sde",
    "solve_simplified_flame",
    "solve_two_point",
]
