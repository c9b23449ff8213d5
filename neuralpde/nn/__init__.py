"""Building blocks that no model owns: they know grids and boundary conditions, not tasks."""

from .activation import gelu, silu_id, silu_sin, tanh_sin
from .bandlimit import band_limited, filtered_activation
from .conv_block import ConvBlock
from .convolution import Convolution, TransposedConvolution
from .depthwise import DepthwiseConvolution
from .embedding import Modulation, ParameterEmbedding, SinusoidalEmbedding
from .encoders import AbstractEncoder, ConvolutionalEncoder
from .features import FourierFeatures, PeriodicFeatures
from .frozen import Frozen, trainable
from .group_norm import GroupNorm, PointNorm
from .mlp import LayerStates, mlp
from .padding import Sides, pad, stencil_boundary
from .pointwise import Pointwise, PointwiseMLP
from .resampling import average_pool, bicubic_upsample, max_pool
from .spectral import SpectralConvolution, check_modes
from .stacked import Stacked
from .standardize import Standardize

__all__ = [
    "AbstractEncoder",
    "ConvBlock",
    "Convolution",
    "ConvolutionalEncoder",
    "DepthwiseConvolution",
    "FourierFeatures",
    "Frozen",
    "GroupNorm",
    "LayerStates",
    "Modulation",
    "ParameterEmbedding",
    "PeriodicFeatures",
    "PointNorm",
    "Pointwise",
    "PointwiseMLP",
    "Sides",
    "SinusoidalEmbedding",
    "SpectralConvolution",
    "Stacked",
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
    "silu_id",
    "silu_sin",
    "stencil_boundary",
    "tanh_sin",
    "trainable",
]
