"""Collocation points on the device: how they are spread, in domains and on boundaries, and how they follow residuals."""

from .adaptive import R3, RAD, RARD, AbstractResampling
from .halton import Halton
from .latin_hypercube import LatinHypercube
from .lattice import Lattice
from .placed import in_domain, on_surface
from .sampler import AbstractSampler, Uniform
from .sobol import Sobol
from .surfaces import Lateral, Part

__all__ = [
    "R3",
    "RAD",
    "RARD",
    "AbstractResampling",
    "AbstractSampler",
    "Halton",
    "Lateral",
    "LatinHypercube",
    "Lattice",
    "Part",
    "Sobol",
    "Uniform",
    "in_domain",
    "on_surface",
]
