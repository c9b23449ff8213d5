"""Differential equations: parameters, residuals, tendencies, exact solutions, priors of coefficients."""

from .advection_priors import SquareAndEllipse, SquareWave
from .bodies import as_bodies, as_state
from .burgers import Burgers, VectorBurgers
from .complex_waves import GinzburgLandau, Schroedinger
from .compressible_navier_stokes import CompressibleNavierStokes
from .conservation_law import AbstractConservationLaw
from .darcy import Darcy, TwoPhase
from .difficulty import ReducedUnits
from .diffusion_reaction import ReactionDiffusion
from .diffusion_sorption import DiffusionSorption, UniformConstant
from .equation import AbstractEquation, Coefficient, PointFunction, coefficient_at
from .euler import Euler
from .exact import ExactSolution
from .fitzhugh_nagumo import FitzHughNagumo, WhiteNoise
from .gas import AbstractGas
from .gas_priors import ShockTube, TurbulentGas, WavyGas
from .gas_solutions import EntropyWave, IsentropicVortex, SimpleWave
from .gray_scott import GrayScott
from .hamiltonian_systems import AbstractHamiltonianSystem, HenonHeiles, MagneticMirror, MassSpring, ThreeBody, TwoBody
from .helmholtz import BoundedSpeed, Helmholtz, Strip
from .incompressible import AbstractIncompressibleFlow, BuoyantSmoke, NavierStokes, SmokeAtRest, StirredSmoke
from .korteweg_de_vries import KortewegDeVries
from .kuramoto_sivashinsky import FlameFront, KuramotoSivashinsky
from .linear_ode import Antiderivative, ForcedRiccati, LinearODE
from .lorenz import Lorenz63, Lorenz96, Rossler
from .media import LogNormal, MultiscaleTrigonometric
from .observation import AbstractObservation, Components, Primitive
from .ode import AbstractODE
from .oscillators import CubicSpiral, Duffing, FitzHughNagumoODE, RationalOscillator, VanDerPol
from .pendulum import DoublePendulum, Pendulum
from .poisson import Poisson
from .population import LotkaVolterra, Robertson
from .reaction_diffusion import AllenCahn, CahnHilliard, FisherKPP
from .riemann_exact import DamBreak, GasRiemann
from .sde import AbstractSDE
from .semilinear import AbstractSemilinear
from .shallow_water import RadialDamBreak, ShallowWater
from .snapshot import snapshot
from .sphere_shallow_water import SphereShallowWater
from .stochastic_processes import (
    DoubleWell,
    GeometricBrownianMotion,
    OrnsteinUhlenbeck,
    RampedOrnsteinUhlenbeck,
    StochasticLorenz,
)
from .transport import Advection, Diffusion
from .variable_advection import ADVECTION_CASES, VariableAdvection, advection_case
from .vorticity import Vorticity, diagonal_forcing, kolmogorov_forcing
from .wave import SineGordon, Wave
from .zonal_jets import ZonalJets

__all__ = [
    "ADVECTION_CASES",
    "AbstractConservationLaw",
    "AbstractEquation",
    "AbstractGas",
    "AbstractHamiltonianSystem",
    "AbstractIncompressibleFlow",
    "AbstractODE",
    "AbstractObservation",
    "AbstractSDE",
    "AbstractSemilinear",
    "Advection",
    "AllenCahn",
    "Antiderivative",
    "BoundedSpeed",
    "BuoyantSmoke",
    "Burgers",
    "CahnHilliard",
    "Coefficient",
    "Components",
    "CompressibleNavierStokes",
    "CubicSpiral",
    "DamBreak",
    "Darcy",
    "Diffusion",
    "DiffusionSorption",
    "DoublePendulum",
    "DoubleWell",
    "Duffing",
    "EntropyWave",
    "Euler",
    "ExactSolution",
    "FisherKPP",
    "FitzHughNagumo",
    "FitzHughNagumoODE",
    "FlameFront",
    "ForcedRiccati",
    "GasRiemann",
    "GeometricBrownianMotion",
    "GinzburgLandau",
    "GrayScott",
    "Helmholtz",
    "HenonHeiles",
    "IsentropicVortex",
    "KortewegDeVries",
    "KuramotoSivashinsky",
    "LinearODE",
    "LogNormal",
    "Lorenz63",
    "Lorenz96",
    "LotkaVolterra",
    "MagneticMirror",
    "MassSpring",
    "MultiscaleTrigonometric",
    "NavierStokes",
    "OrnsteinUhlenbeck",
    "Pendulum",
    "PointFunction",
    "Poisson",
    "Primitive",
    "RadialDamBreak",
    "RampedOrnsteinUhlenbeck",
    "RationalOscillator",
    "ReactionDiffusion",
    "ReducedUnits",
    "Robertson",
    "Rossler",
    "Schroedinger",
    "ShallowWater",
    "ShockTube",
    "SimpleWave",
    "SineGordon",
    "SmokeAtRest",
    "SphereShallowWater",
    "SquareAndEllipse",
    "SquareWave",
    "StirredSmoke",
    "StochasticLorenz",
    "Strip",
    "ThreeBody",
    "TurbulentGas",
    "TwoBody",
    "TwoPhase",
    "UniformConstant",
    "VanDerPol",
    "VariableAdvection",
    "VectorBurgers",
    "Vorticity",
    "Wave",
    "WavyGas",
    "WhiteNoise",
    "ZonalJets",
    "advection_case",
    "as_bodies",
    "as_state",
    "coefficient_at",
    "diagonal_forcing",
    "kolmogorov_forcing",
    "snapshot",
]
