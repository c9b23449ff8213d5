"""Operators: maps from functions to functions, built between two function spaces."""

from .deeponet import DeepONet
from .fno import FNO
from .history import advanced, history_length, history_space, newest, with_history
from .mgno import MgNO
from .operator import AbstractOperator, answer
from .refinement import AbstractRefinement, NoisePrediction, VelocityPrediction
from .refiner import Refiner, refiner_source
from .rollout import rollout
from .stepping import Increment, Stepping, in_standard_units
from .wrappers import AtResolution, Normalized

__all__ = [
    "FNO",
    "AbstractOperator",
    "AbstractRefinement",
    "AtResolution",
    "DeepONet",
    "Increment",
    "MgNO",
    "NoisePrediction",
    "Normalized",
    "Refiner",
    "Stepping",
    "VelocityPrediction",
    "advanced",
    "answer",
    "history_length",
    "history_space",
    "in_standard_units",
    "newest",
    "refiner_source",
    "rollout",
    "with_history",
]
