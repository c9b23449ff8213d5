"""Conditions on solutions, one kind a file."""

from .boundary import Boundary
from .condition import AbstractCondition
from .data import AbstractData
from .initial import Initial
from .integral import IntegralCondition
from .interface import Interface
from .interior import Interior
from .labels import Labels
from .observations import Observations
from .periodic import PeriodicSides

__all__ = [
    "AbstractCondition",
    "AbstractData",
    "Boundary",
    "Initial",
    "IntegralCondition",
    "Interface",
    "Interior",
    "Labels",
    "Observations",
    "PeriodicSides",
]
