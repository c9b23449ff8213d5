"""Operators: maps from functions to functions, built between two function spaces."""

from .conditioned import Conditioned
from .deeponet import DeepONet
from .fno import FNO
from .history import advanced, constants_of, history_length, history_space, newest, with_history
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
    "Conditioned",
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
    "constants_of",
    "history_length",
    "history_space",
    "in_standard_units",
    "newest",
    "refiner_source",
    "rollout",
    "with_history",
]
