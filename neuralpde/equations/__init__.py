"""Differential equations: parameters, residuals, tendencies, exact solutions, priors of coefficients."""

from .burgers import Burgers, VectorBurgers
from .complex_waves import GinzburgLandau, Schroedinger
from .compressible_navier_stokes import CompressibleNavierStokes
from .conservation_law import AbstractConservationLaw
from .darcy import Darcy, TwoPhase
from .difficulty import ReducedUnits
from .equation import AbstractEquation, Coefficient, PointFunction
from .euler import Euler
from .exact import ExactSolution
from .gas import AbstractGas
from .gas_priors import ShockTube, TurbulentGas
from .gas_solutions import EntropyWave, IsentropicVortex, SimpleWave
from .gray_scott import GrayScott
from .korteweg_de_vries import KortewegDeVries
from .kuramoto_sivashinsky import FlameFront, KuramotoSivashinsky
from .media import LogNormal, MultiscaleTrigonometric
from .poisson import Poisson
from .reaction_diffusion import AllenCahn, CahnHilliard, FisherKPP
from .riemann_exact import DamBreak, GasRiemann
from .semilinear import AbstractSemilinear
from .shallow_water import RadialDamBreak, ShallowWater
from .snapshot import snapshot
from .transport import Advection, Diffusion
from .vorticity import Vorticity, diagonal_forcing, kolmogorov_forcing
from .wave import SineGordon, Wave

__all__ = [
    "AbstractConservationLaw",
    "AbstractEquation",
    "AbstractGas",
    "AbstractSemilinear",
    "Advection",
    "AllenCahn",
    "Burgers",
    "CahnHilliard",
    "Coefficient",
    "CompressibleNavierStokes",
    "DamBreak",
    "Darcy",
    "Diffusion",
    "EntropyWave",
    "Euler",
    "ExactSolution",
    "FisherKPP",
    "FlameFront",
    "GasRiemann",
    "GinzburgLandau",
    "GrayScott",
    "IsentropicVortex",
    "KortewegDeVries",
    "KuramotoSivashinsky",
    "LogNormal",
    "MultiscaleTrigonometric",
    "PointFunction",
    "Poisson",
    "RadialDamBreak",
    "ReducedUnits",
    "Schroedinger",
    "ShallowWater",
    "ShockTube",
    "SimpleWave",
    "SineGordon",
    "TurbulentGas",
    "TwoPhase",
    "VectorBurgers",
    "Vorticity",
    "Wave",
    "diagonal_forcing",
    "kolmogorov_forcing",
    "snapshot",
]
