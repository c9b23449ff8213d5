"""Domains in pieces: networks of cells that meet at interfaces, and networks of windows that overlap."""

from .bandit import Bandit, play, play_in_phases
from .choice import interface_reward
from .continuity import Continuity
from .decomposed import CPINN, VOCABULARY, XPINN, decomposed, interface_conditions
from .fbpinn import Levels, Windowed, fbpinn
from .partition import AbstractPartition, Cuts, Shapes
from .piecewise import Piecewise, beside, xpinn
from .quantities import (
    AbstractQuantity,
    NormalDerivatives,
    NormalFlux,
    Quantity,
    Residual,
    ResidualGradient,
    Values,
)
from .surrogate import SubsetKernel
from .windows import Windows

__all__ = [
    "CPINN",
    "VOCABULARY",
    "XPINN",
    "AbstractPartition",
    "AbstractQuantity",
    "Bandit",
    "Continuity",
    "Cuts",
    "Levels",
    "NormalDerivatives",
    "NormalFlux",
    "Piecewise",
    "Quantity",
    "Residual",
    "ResidualGradient",
    "Shapes",
    "SubsetKernel",
    "Values",
    "Windowed",
    "Windows",
    "beside",
    "decomposed",
    "fbpinn",
    "interface_conditions",
    "interface_reward",
    "play",
    "play_in_phases",
    "xpinn",
]
