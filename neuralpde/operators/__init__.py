"""Operators: maps from functions to functions, built between two function spaces."""

from .deeponet import DeepONet
from .ffno import FFNO
from .fno import FNO
from .mgno import MgNO
from .operator import AbstractOperator, answer
from .transolver import Transolver
from .uno import UNO
from .vit import ViT
from .wrappers import AtResolution, Normalized

__all__ = [
    "FFNO",
    "FNO",
    "UNO",
    "AbstractOperator",
    "AtResolution",
    "DeepONet",
    "MgNO",
    "Normalized",
    "Transolver",
    "ViT",
    "answer",
]
