"""Factors of loss terms that follow the training. Causal weights are a module of their own: `neuralpde.pinn.causal`."""

from .balance import AbstractBalance, Balanced, View
from .gradients import GradientNorms, TangentKernel
from .penalty import RisingPenalty
from .pointwise import ResidualAttention, SelfAdaptive
from .relobralo import ReLoBRaLo

__all__ = [
    "AbstractBalance",
    "Balanced",
    "GradientNorms",
    "ReLoBRaLo",
    "ResidualAttention",
    "RisingPenalty",
    "SelfAdaptive",
    "TangentKernel",
    "View",
]
