"""Operators: maps from functions to functions, built between two function spaces."""

from .branch_trunk import AbstractDeepONet, Expansion
from .coordinate_shift import derivatives
from .deeponet import DeepONet, StackedDeepONet
from .exact_conditions import ExactConditions
from .fno import FNO
from .mgno import MgNO
from .mionet import MIONet
from .multionet import MultiONet
from .operator import AbstractFittedOperator, AbstractOperator, answer
from .pod_deeponet import PODDeepONet
from .projected import ProjectedOperator
from .wrappers import AtResolution, Normalized

__all__ = [
    "FNO",
    "AbstractDeepONet",
    "AbstractFittedOperator",
    "AbstractOperator",
    "AtResolution",
    "DeepONet",
    "ExactConditions",
    "Expansion",
    "MIONet",
    "MgNO",
    "MultiONet",
    "Normalized",
    "PODDeepONet",
    "ProjectedOperator",
    "StackedDeepONet",
    "answer",
    "derivatives",
]
