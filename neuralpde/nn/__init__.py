"""Building blocks that no model owns: they know grids and boundary conditions, not tasks."""

from .activation import gelu
from .bandlimit import band_limited, filtered_activation
from .conv_block import ConvBlock
from .convolution import Convolution, TransposedConvolution
from .depthwise import DepthwiseConvolution
from .embedding import Modulation, ParameterEmbedding, SinusoidalEmbedding
from .features import FourierFeatures, PeriodicFeatures
from .frozen import Frozen, trainable
from .group_norm import GroupNorm, PointNorm
from .mlp import mlp
from .padding import Sides, pad, stencil_boundary
from .pointwise import Pointwise, PointwiseMLP
from .resampling import average_pool, bicubic_upsample, max_pool
from .spectral import SpectralConvolution, check_modes
from .standardize import Standardize

__all__ = [
    "ConvBlock",
    "Convolution",
    "DepthwiseConvolution",
    "FourierFeatures",
    "Frozen",
    "GroupNorm",
    "Modulation",
    "ParameterEmbedding",
    "PeriodicFeatures",
    "PointNorm",
    "Pointwise",
    "PointwiseMLP",
    "Sides",
    "SinusoidalEmbedding",
    "SpectralConvolution",
    "Standardize",
    "TransposedConvolution",
    "average_pool",
    "band_limited",
    "bicubic_upsample",
    "check_modes",
    "filtered_activation",
    "gelu",
    "max_pool",
    "mlp",
    "pad",
    "stencil_boundary",
    "trainable",
]
