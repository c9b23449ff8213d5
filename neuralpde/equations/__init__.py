"""Differential equations: parameters, residuals, tendencies, exact solutions, priors of coefficients."""

from .conservation_law import AbstractConservationLaw
from .darcy import Darcy, TwoPhase
from .diffusion_sorption import DiffusionSorption, UniformConstant
from .equation import AbstractEquation, Coefficient, PointFunction
from .fitzhugh_nagumo import FitzHughNagumo, WhiteNoise
from .incompressible import AbstractIncompressibleFlow, BuoyantSmoke, NavierStokes, SmokeAtRest
from .linear_ode import Antiderivative, ForcedRiccati, LinearODE
from .lorenz import Lorenz63, Lorenz96, Rossler
from .ode import AbstractODE
from .oscillators import CubicSpiral, Duffing, FitzHughNagumoODE, RationalOscillator, VanDerPol
from .pendulum import DoublePendulum, Pendulum
from .poisson import Poisson
from .population import LotkaVolterra, Robertson
from .reaction_diffusion import ReactionDiffusion
from .sde import AbstractSDE
from .stochastic_processes import (
    DoubleWell,
    GeometricBrownianMotion,
    OrnsteinUhlenbeck,
    RampedOrnsteinUhlenbeck,
    StochasticLorenz,
)

__all__ = [
    "AbstractConservationLaw",
    "AbstractEquation",
    "AbstractIncompressibleFlow",
    "AbstractODE",
    "AbstractSDE",
    "Antiderivative",
    "BuoyantSmoke",
    "Coefficient",
    "CubicSpiral",
    "Darcy",
    "DiffusionSorption",
    "DoublePendulum",
    "DoubleWell",
    "Duffing",
    "FitzHughNagumo",
    "FitzHughNagumoODE",
    "ForcedRiccati",
    "GeometricBrownianMotion",
    "LinearODE",
    "Lorenz63",
    "Lorenz96",
    "LotkaVolterra",
    "NavierStokes",
    "OrnsteinUhlenbeck",
    "Pendulum",
    "PointFunction",
    "Poisson",
    "RampedOrnsteinUhlenbeck",
    "RationalOscillator",
    "ReactionDiffusion",
    "Robertson",
    "Rossler",
    "SmokeAtRest",
    "StochasticLorenz",
    "TwoPhase",
    "UniformConstant",
    "VanDerPol",
    "WhiteNoise",
]
