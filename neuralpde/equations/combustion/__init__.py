"""Gases that react, conduct and diffuse, the flames in them, and vessels of them."""

from .counterflow_flame import CounterflowFlame, counterflow_flame
from .free_flame import FreeFlame, premixed_flame
from .gas import GasMixture
from .igniter import EXPERIMENTS, HeatPulse, igniter
from .kinetics import Equilibrium, GlobalKinetics
from .mechanism import read_mechanism
from .reactor import Reactor
from .simplified_flame import SimplifiedFlame
from .thermodynamics import Nasa7
from .transport import KineticTheory

__all__ = [
    "EXPERIMENTS",
    "CounterflowFlame",
    "Equilibrium",
    "FreeFlame",
    "GasMixture",
    "GlobalKinetics",
    "HeatPulse",
    "KineticTheory",
    "Nasa7",
    "Reactor",
    "SimplifiedFlame",
    "counterflow_flame",
    "igniter",
    "premixed_flame",
    "read_mechanism",
]
