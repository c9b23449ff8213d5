"""Penalties that make neural differential equations cheap to solve."""

from .integrals import (
    Integrand,
    JacobianFrobenius,
    Kinetic,
    TaylorDerivative,
    random_signs,
    solve_with_integrals,
    total_derivative,
)
from .local import Instant, local_error, local_stiffness, solve_with_instant
from .random_end import random_end
from .solver_cost import ErrorEstimate, StiffnessEstimate

__all__ = [
    "ErrorEstimate",
    "Instant",
    "Integrand",
    "JacobianFrobenius",
    "Kinetic",
    "StiffnessEstimate",
    "TaylorDerivative",
    "local_error",
    "local_stiffness",
    "random_end",
    "random_signs",
    "solve_with_instant",
    "solve_with_integrals",
    "total_derivative",
]
