"""Gases that react, conduct and diffuse, and the flames in them."""

from .free_flame import FreeFlame, premixed_flame
from .gas import GasMixture
from .kinetics import GlobalKinetics
from .mechanism import read_mechanism
from .simplified_flame import SimplifiedFlame
from .thermodynamics import Nasa7
from .transport import KineticTheory

__all__ = [
    "FreeFlame",
    "GasMixture",
    "GlobalKinetics",
    "KineticTheory",
    "Nasa7",
    "SimplifiedFlame",
    "premixed_flame",
    "read_mechanism",
]
