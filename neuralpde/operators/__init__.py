"""Operators: maps from functions to functions, built between two function spaces."""

from .about import About, about_of
from .batched_rollout import BatchedRollout, rollouts
from .branch_trunk import AbstractDeepONet, Expansion
from .cno import CNO
from .conditioned import Conditioned
from .convnext_unet import ConvNeXtUNet
from .coordinate_shift import derivatives
from .deeponet import DeepONet, StackedDeepONet
from .dgenno import DGenNO
from .dilated_resnet import DilatedResNet
from .ensemble import Ensemble
from .exact_conditions import ExactConditions
from .ffno import FFNO
from .fno import FNO
from .gino import GINO
from .gno import GNO
from .history import advanced, constants_of, history_length, history_space, newest, with_history
from .local_no import LocalNO
from .located import Located, located_space
from .mgno import MgNO
from .mionet import MIONet
from .multionet import MultiONet
from .operator import AbstractFittedOperator, AbstractOperator, answer
from .pod_deeponet import PODDeepONet
from .projected import ProjectedOperator
from .refinement import AbstractRefinement, NoisePrediction, VelocityPrediction
from .refiner import Refiner, refiner_source
from .rollout import rollout
from .sinenet import SineNet
from .stepping import Increment, Stepping, in_standard_units
from .transolver import Transolver
from .unet import ModernUNet, UNet
from .uno import UNO
from .vit import ViT
from .wrappers import AtResolution, Normalized

__all__ = [
    "CNO",
    "FFNO",
    "FNO",
    "GINO",
    "GNO",
    "UNO",
    "About",
    "AbstractDeepONet",
    "AbstractFittedOperator",
    "AbstractOperator",
    "AbstractRefinement",
    "AtResolution",
    "BatchedRollout",
    "Conditioned",
    "ConvNeXtUNet",
    "DGenNO",
    "DeepONet",
    "DilatedResNet",
    "Ensemble",
    "ExactConditions",
    "Expansion",
    "Increment",
    "LocalNO",
    "Located",
    "MIONet",
    "MgNO",
    "ModernUNet",
    "MultiONet",
    "NoisePrediction",
    "Normalized",
    "PODDeepONet",
    "ProjectedOperator",
    "Refiner",
    "SineNet",
    "StackedDeepONet",
    "Stepping",
    "Transolver",
    "UNet",
    "VelocityPrediction",
    "ViT",
    "about_of",
    "advanced",
    "answer",
    "constants_of",
    "derivatives",
    "history_length",
    "history_space",
    "in_standard_units",
    "located_space",
    "newest",
    "refiner_source",
    "rollout",
    "rollouts",
    "with_history",
]
