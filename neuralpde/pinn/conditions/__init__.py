"""Conditions on solutions, one kind a file."""

from .boundary import Boundary
from .condition import AbstractCondition
from .initial import Initial
from .integral import IntegralCondition
from .interface import Interface
from .interior import Interior
from .observations import Observations
from .periodic import PeriodicSides

__all__ = [
    "AbstractCondition",
    "Boundary",
    "Initial",
    "IntegralCondition",
    "Interface",
    "Interior",
    "Observations",
    "PeriodicSides",
]
