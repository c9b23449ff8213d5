"""Differential equations: parameters, residuals, tendencies, exact solutions, priors of coefficients."""

from .compressible_navier_stokes import CompressibleNavierStokes
from .conservation_law import AbstractConservationLaw
from .darcy import Darcy, TwoPhase
from .equation import AbstractEquation, Coefficient, PointFunction
from .euler import Euler
from .gas import AbstractGas
from .gas_priors import ShockTube, TurbulentGas
from .gas_solutions import EntropyWave, IsentropicVortex, SimpleWave
from .poisson import Poisson
from .riemann_exact import DamBreak, GasRiemann
from .shallow_water import RadialDamBreak, ShallowWater
from .snapshot import snapshot

__all__ = [
    "AbstractConservationLaw",
    "AbstractEquation",
    "AbstractGas",
    "Coefficient",
    "CompressibleNavierStokes",
    "DamBreak",
    "Darcy",
    "EntropyWave",
    "Euler",
    "GasRiemann",
    "IsentropicVortex",
    "PointFunction",
    "Poisson",
    "RadialDamBreak",
    "ShallowWater",
    "ShockTube",
    "SimpleWave",
    "TurbulentGas",
    "TwoPhase",
    "snapshot",
]
