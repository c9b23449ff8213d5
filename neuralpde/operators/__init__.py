"""Operators: maps from functions to functions, built between two function spaces."""

from .about import About, about_of
from .deeponet import DeepONet
from .fno import FNO
from .gino import GINO
from .gno import GNO
from .local_no import LocalNO
from .mgno import MgNO
from .operator import AbstractOperator, answer
from .wrappers import AtResolution, Normalized

__all__ = [
    "FNO",
    "GINO",
    "GNO",
    "About",
    "AbstractOperator",
    "AtResolution",
    "DeepONet",
    "LocalNO",
    "MgNO",
    "Normalized",
    "about_of",
    "answer",
]
