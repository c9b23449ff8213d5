"""Building blocks that no model owns: they know grids and boundary conditions, not tasks."""

from .activation import gelu
from .convolution import Convolution, TransposedConvolution
from .features import FourierFeatures, PeriodicFeatures
from .frozen import Frozen, trainable
from .grid_transfer import transfer
from .mlp import mlp
from .normalization import FieldNorm, LayerNorm
from .padding import pad
from .pointwise import Pointwise, PointwiseMLP
from .spectral import SpectralConvolution, check_modes
from .standardize import Standardize

__all__ = [
    "Convolution",
    "FieldNorm",
    "FourierFeatures",
    "Frozen",
    "LayerNorm",
    "PeriodicFeatures",
    "Pointwise",
    "PointwiseMLP",
    "SpectralConvolution",
    "Standardize",
    "TransposedConvolution",
    "check_modes",
    "gelu",
    "mlp",
    "pad",
    "trainable",
    "transfer",
]
