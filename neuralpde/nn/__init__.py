"""Building blocks that no model owns: they know grids and boundary conditions, not tasks."""

from .activation import gelu, silu_id, silu_sin, tanh_sin
from .adaptive_activation import AdaptiveActivation, adaptive_mlp, slope_recovery
from .attention import AttentionBlock, MultiHeadAttention, galerkin_attention, softmax_attention
from .bandlimit import band_limited, filtered_activation
from .channel_norm import ChannelNorm
from .chebyshev_kan import ChebyshevLayer, chebyshev_kan
from .conv_block import ConvBlock
from .convolution import Convolution, TransposedConvolution
from .convolve import convolve
from .coordinate_network import AbstractCoordinateNetwork, Chain
from .coordinates import place_size, waves, with_coordinates, with_places
from .depthwise import DepthwiseConvolution
from .differential import DifferentialStencil
from .embedding import Modulation, ParameterEmbedding, SinusoidalEmbedding
from .encoders import AbstractEncoder, ConvolutionalEncoder
from .factorization import CP, Tucker
from .features import FourierFeatures, PeriodicFeatures, SinusoidalFeatures, TrainablePeriods
from .frozen import Frozen, trainable
from .grid_transfer import transfer
from .group_norm import GroupNorm
from .instance_norm import InstanceNorm
from .kernel_integral import KernelIntegral
from .low_rank import LowRankIntegral
from .mlp import LayerStates, dense, mlp
from .modified_mlp import ModifiedMLP
from .multi_scale import MultiScale
from .neighbour_integral import NeighbourIntegral, coverage, point_features
from .neighbours import Neighbours, check_limit, neighbours
from .normalization import FieldNorm, LayerNorm
from .once import computed_once
from .padding import Sides, pad, stencil_boundary
from .patches import PatchDecoding, PatchEncoding
from .physics_attention import PhysicsAttention
from .pirate_net import PirateNet
from .pointwise import Pointwise, PointwiseMLP
from .random_features import RandomFeatures, extreme_learning_machine
from .resampling import average_pool, bicubic_upsample, max_pool
from .separable import SeparableNetwork
from .siren import Sine, siren
from .spectral import SpectralConvolution, check_modes
from .spectral_axes import AxisSpectralConvolutions
from .spectral_resampling import PhysicalPool, SpectralResample
from .stacked import Stacked
from .standardize import Standardize
from .weight_factorization import FactorizedLinear, factorized
from .weight_norm import WeightNormPointwise

__all__ = [
    "CP",
    "AbstractCoordinateNetwork",
    "AbstractEncoder",
    "AdaptiveActivation",
    "AttentionBlock",
    "AxisSpectralConvolutions",
    "Chain",
    "ChannelNorm",
    "ChebyshevLayer",
    "ConvBlock",
    "Convolution",
    "ConvolutionalEncoder",
    "DepthwiseConvolution",
    "DifferentialStencil",
    "FactorizedLinear",
    "FieldNorm",
    "FourierFeatures",
    "Frozen",
    "GroupNorm",
    "InstanceNorm",
    "KernelIntegral",
    "LayerNorm",
    "LayerStates",
    "LowRankIntegral",
    "ModifiedMLP",
    "Modulation",
    "MultiHeadAttention",
    "MultiScale",
    "NeighbourIntegral",
    "Neighbours",
    "ParameterEmbedding",
    "PatchDecoding",
    "PatchEncoding",
    "PeriodicFeatures",
    "PhysicalPool",
    "PhysicsAttention",
    "PirateNet",
    "Pointwise",
    "PointwiseMLP",
    "RandomFeatures",
    "SeparableNetwork",
    "Sides",
    "Sine",
    "SinusoidalEmbedding",
    "SinusoidalFeatures",
    "SpectralConvolution",
    "SpectralResample",
    "Stacked",
    "Standardize",
    "TrainablePeriods",
    "TransposedConvolution",
    "Tucker",
    "WeightNormPointwise",
    "adaptive_mlp",
    "average_pool",
    "band_limited",
    "bicubic_upsample",
    "chebyshev_kan",
    "check_limit",
    "check_modes",
    "computed_once",
    "convolve",
    "coverage",
    "dense",
    "extreme_learning_machine",
    "factorized",
    "filtered_activation",
    "galerkin_attention",
    "gelu",
    "max_pool",
    "mlp",
    "neighbours",
    "pad",
    "place_size",
    "point_features",
    "silu_id",
    "silu_sin",
    "siren",
    "slope_recovery",
    "softmax_attention",
    "stencil_boundary",
    "tanh_sin",
    "trainable",
    "transfer",
    "waves",
    "with_coordinates",
    "with_places",
]
