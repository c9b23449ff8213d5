"""Building blocks that no model owns: they know grids and boundary conditions, not tasks."""

from .activation import gelu
from .attention import AttentionBlock, MultiHeadAttention, galerkin_attention, softmax_attention
from .channel_norm import ChannelNorm
from .convolution import Convolution, TransposedConvolution
from .coordinates import waves, with_coordinates
from .factorization import CP, Tucker
from .features import FourierFeatures, PeriodicFeatures
from .frozen import Frozen, trainable
from .mlp import mlp
from .padding import pad
from .patches import PatchDecoding, PatchEncoding
from .physics_attention import PhysicsAttention
from .pointwise import Pointwise, PointwiseMLP
from .spectral import SpectralConvolution, check_modes
from .spectral_axes import AxisSpectralConvolutions
from .standardize import Standardize
from .weight_norm import WeightNormPointwise

__all__ = [
    "CP",
    "AttentionBlock",
    "AxisSpectralConvolutions",
    "ChannelNorm",
    "Convolution",
    "FourierFeatures",
    "Frozen",
    "MultiHeadAttention",
    "PatchDecoding",
    "PatchEncoding",
    "PeriodicFeatures",
    "PhysicsAttention",
    "Pointwise",
    "PointwiseMLP",
    "SpectralConvolution",
    "Standardize",
    "TransposedConvolution",
    "Tucker",
    "WeightNormPointwise",
    "check_modes",
    "galerkin_attention",
    "gelu",
    "mlp",
    "pad",
    "softmax_attention",
    "trainable",
    "waves",
    "with_coordinates",
]
