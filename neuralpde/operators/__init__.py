"""Operators: maps from functions to functions, built between two function spaces."""

from .cno import CNO
from .convnext_unet import ConvNeXtUNet
from .deeponet import DeepONet
from .dilated_resnet import DilatedResNet
from .fno import FNO
from .mgno import MgNO
from .operator import AbstractOperator, answer
from .sinenet import SineNet
from .unet import ModernUNet, UNet
from .wrappers import AtResolution, Normalized

__all__ = [
    "CNO",
    "FNO",
    "AbstractOperator",
    "AtResolution",
    "ConvNeXtUNet",
    "DeepONet",
    "DilatedResNet",
    "MgNO",
    "ModernUNet",
    "Normalized",
    "SineNet",
    "UNet",
    "answer",
]
