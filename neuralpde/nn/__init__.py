"""Building blocks that no model owns: they know grids and boundary conditions, not tasks."""

from .activation import gelu, silu_id, silu_sin, tanh_sin
from .attention import AttentionBlock, MultiHeadAttention, galerkin_attention, softmax_attention
from .bandlimit import band_limited, filtered_activation
from .conv_block import ConvBlock
from .convolution import Convolution, TransposedConvolution
from .coordinates import waves, with_coordinates
from .depthwise import DepthwiseConvolution
from .embedding import Modulation, ParameterEmbedding, SinusoidalEmbedding
from .encoders import AbstractEncoder, ConvolutionalEncoder
from .factorization import CP, Tucker
from .features import FourierFeatures, PeriodicFeatures
from .frozen import Frozen, trainable
from .group_norm import GroupNorm, PointNorm
from .mlp import LayerStates, mlp
from .normalization import ChannelNorm
from .padding import Sides, pad, stencil_boundary
from .patches import PatchDecoding, PatchEncoding
from .physics_attention import PhysicsAttention
from .pointwise import Pointwise, PointwiseMLP
from .resampling import average_pool, bicubic_upsample, max_pool
from .spectral import SpectralConvolution, check_modes
from .spectral_axes import AxisSpectralConvolutions
from .stacked import Stacked
from .standardize import Standardize
from .weight_norm import WeightNormPointwise

__all__ = [
    "CP",
    "AbstractEncoder",
    "AttentionBlock",
    "AxisSpectralConvolutions",
    "ChannelNorm",
    "ConvBlock",
    "Convolution",
    "ConvolutionalEncoder",
    "DepthwiseConvolution",
    "FourierFeatures",
    "Frozen",
    "GroupNorm",
    "LayerStates",
    "Modulation",
    "MultiHeadAttention",
    "ParameterEmbedding",
    "PatchDecoding",
    "PatchEncoding",
    "PeriodicFeatures",
    "PhysicsAttention",
    "PointNorm",
    "Pointwise",
    "PointwiseMLP",
    "Sides",
    "SinusoidalEmbedding",
    "SpectralConvolution",
    "Stacked",
    "Standardize",
    "TransposedConvolution",
    "Tucker",
    "WeightNormPointwise",
    "average_pool",
    "band_limited",
    "bicubic_upsample",
    "check_modes",
    "filtered_activation",
    "galerkin_attention",
    "gelu",
    "max_pool",
    "mlp",
    "pad",
    "silu_id",
    "silu_sin",
    "softmax_attention",
    "stencil_boundary",
    "tanh_sin",
    "trainable",
    "waves",
    "with_coordinates",
]
