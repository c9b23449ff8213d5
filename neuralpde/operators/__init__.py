"""Operators: maps from functions to functions, built between two function spaces."""

from .deeponet import DeepONet
from .fno import FNO
from .mgno import MgNO
from .operator import AbstractOperator, answer
from .sinenet import SineNet
from .wrappers import AtResolution, Normalized

__all__ = ["FNO", "AbstractOperator", "AtResolution", "DeepONet", "MgNO", "Normalized", "SineNet", "answer"]
