"""Building blocks that no model owns: they know grids and boundary conditions, not tasks."""

from .activation import gelu, silu_id, silu_sin, tanh_sin
from .attention import AttentionBlock, MultiHeadAttention, galerkin_attention, softmax_attention
from .bandlimit import band_limited, filtered_activation
from .channel_norm import ChannelNorm
from .conv_block import ConvBlock
from .convolution import Convolution, TransposedConvolution
from .coordinates import waves, with_coordinates
from .depthwise import DepthwiseConvolution
from .differential import DifferentialStencil
from .embedding import Modulation, ParameterEmbedding, SinusoidalEmbedding
from .encoders import AbstractEncoder, ConvolutionalEncoder
from .factorization import CP, Tucker
from .features import FourierFeatures, PeriodicFeatures, SinusoidalFeatures
from .frozen import Frozen, trainable
from .grid_transfer import transfer
from .group_norm import GroupNorm
from .instance_norm import InstanceNorm
from .kernel_integral import KernelIntegral
from .low_rank import LowRankIntegral
from .mlp import LayerStates, mlp
from .neighbour_integral import NeighbourIntegral, coverage, point_features
from .neighbours import Neighbours, check_limit, neighbours
from .normalization import FieldNorm, LayerNorm
from .padding import Sides, pad, stencil_boundary
from .patches import PatchDecoding, PatchEncoding
from .physics_attention import PhysicsAttention
from .pointwise import Pointwise, PointwiseMLP
from .resampling import average_pool, bicubic_upsample, max_pool
from .spectral import SpectralConvolution, check_modes
from .spectral_axes import AxisSpectralConvolutions
from .spectral_resampling import PhysicalPool, SpectralResample
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
    "DifferentialStencil",
    "FieldNorm",
    "FourierFeatures",
    "Frozen",
    "GroupNorm",
    "InstanceNorm",
    "KernelIntegral",
    "LayerNorm",
    "LayerStates",
    "LowRankIntegral",
    "Modulation",
    "MultiHeadAttention",
    "NeighbourIntegral",
    "Neighbours",
    "ParameterEmbedding",
    "PatchDecoding",
    "PatchEncoding",
    "PeriodicFeatures",
    "PhysicalPool",
    "PhysicsAttention",
    "Pointwise",
    "PointwiseMLP",
    "Sides",
    "SinusoidalEmbedding",
    "SinusoidalFeatures",
    "SpectralConvolution",
    "SpectralResample",
    "Stacked",
    "Standardize",
    "TransposedConvolution",
    "Tucker",
    "WeightNormPointwise",
    "average_pool",
    "band_limited",
    "bicubic_upsample",
    "check_limit",
    "check_modes",
    "coverage",
    "filtered_activation",
    "galerkin_attention",
    "gelu",
    "max_pool",
    "mlp",
    "neighbours",
    "pad",
    "point_features",
    "silu_id",
    "silu_sin",
    "softmax_attention",
    "stencil_boundary",
    "tanh_sin",
    "trainable",
    "transfer",
    "waves",
    "with_coordinates",
]
