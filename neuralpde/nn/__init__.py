"""Building blocks that no model owns: they know grids and boundary conditions, not tasks."""

from .activation import gelu
from .convolution import Convolution, TransposedConvolution
from .differential import DifferentialStencil
from .features import FourierFeatures, PeriodicFeatures, SinusoidalFeatures
from .frozen import Frozen, trainable
from .instance_norm import InstanceNorm
from .kernel_integral import KernelIntegral
from .low_rank import LowRankIntegral
from .mlp import mlp
from .neighbour_integral import NeighbourIntegral, coverage, point_features
from .neighbours import Neighbours, check_limit, neighbours
from .padding import pad
from .pointwise import Pointwise, PointwiseMLP
from .resampling import PhysicalPool, SpectralResample
from .spectral import SpectralConvolution, check_modes
from .standardize import Standardize

__all__ = [
    "Convolution",
    "DifferentialStencil",
    "FourierFeatures",
    "Frozen",
    "InstanceNorm",
    "KernelIntegral",
    "LowRankIntegral",
    "NeighbourIntegral",
    "Neighbours",
    "PeriodicFeatures",
    "PhysicalPool",
    "Pointwise",
    "PointwiseMLP",
    "SinusoidalFeatures",
    "SpectralConvolution",
    "SpectralResample",
    "Standardize",
    "TransposedConvolution",
    "check_limit",
    "check_modes",
    "coverage",
    "gelu",
    "mlp",
    "neighbours",
    "pad",
    "point_features",
    "trainable",
]
