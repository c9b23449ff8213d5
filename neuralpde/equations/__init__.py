"""Differential equations: parameters, residuals, tendencies, exact solutions, priors of coefficients."""

from .conservation_law import AbstractConservationLaw
from .darcy import Darcy, TwoPhase
from .equation import AbstractEquation, Coefficient, PointFunction
from .poisson import Poisson

__all__ = [
    "AbstractConservationLaw",
    "AbstractEquation",
    "Coefficient",
    "Darcy",
    "PointFunction",
    "Poisson",
    "TwoPhase",
]
