"""Operators: maps from functions to functions, built between two function spaces."""

from .deeponet import DeepONet
from .ensemble import Ensemble
from .fno import FNO
from .mgno import MgNO
from .operator import AbstractOperator, answer
from .wrappers import AtResolution, Normalized

__all__ = ["FNO", "AbstractOperator", "AtResolution", "DeepONet", "Ensemble", "MgNO", "Normalized", "answer"]
