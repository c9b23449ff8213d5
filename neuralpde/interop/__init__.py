"""Operators outside of this package: exported programs, parameters as safetensors, Flax modules in and out."""

from .container import ExportError
from .export import ExportedOperator, export, load_exported
from .flax import FlaxNetwork, from_flax
from .nnx import NNXOperator, to_nnx
from .parameters import ParameterError, load_parameters, named_parameters, save_parameters

__all__ = [
    "ExportError",
    "ExportedOperator",
    "FlaxNetwork",
    "NNXOperator",
    "ParameterError",
    "export",
    "from_flax",
    "load_exported",
    "load_parameters",
    "named_parameters",
    "save_parameters",
    "to_nnx",
]
