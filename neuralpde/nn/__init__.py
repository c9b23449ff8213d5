"""Building blocks that no model owns: they know grids and boundary conditions, not tasks."""

from .activation import gelu, silu_id, silu_sin, tanh_sin
from .convolution import Convolution, TransposedConvolution
from .encoders import AbstractEncoder, ConvolutionalEncoder
from .features import FourierFeatures, PeriodicFeatures
from .frozen import Frozen, trainable
from .mlp import LayerStates, mlp
from .padding import pad
from .pointwise import Pointwise, PointwiseMLP
from .spectral import SpectralConvolution, check_modes
from .stacked import Stacked
from .standardize import Standardize

__all__ = [
    "AbstractEncoder",
    "Convolution",
    "ConvolutionalEncoder",
    "FourierFeatures",
    "Frozen",
    "LayerStates",
    "PeriodicFeatures",
    "Pointwise",
    "PointwiseMLP",
    "SpectralConvolution",
    "Stacked",
    "Standardize",
    "TransposedConvolution",
    "check_modes",
    "gelu",
    "mlp",
    "pad",
    "silu_id",
    "silu_sin",
    "tanh_sin",
    "trainable",
]
