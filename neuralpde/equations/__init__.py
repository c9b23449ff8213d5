"""Differential equations: parameters, residuals, tendencies, exact solutions, priors of coefficients."""

from .burgers import Burgers, VectorBurgers
from .complex_waves import GinzburgLandau, Schroedinger
from .conservation_law import AbstractConservationLaw
from .darcy import Darcy, TwoPhase
from .difficulty import ReducedUnits
from .equation import AbstractEquation, Coefficient, PointFunction
from .exact import ExactSolution
from .gray_scott import GrayScott
from .korteweg_de_vries import KortewegDeVries
from .kuramoto_sivashinsky import FlameFront, KuramotoSivashinsky
from .poisson import Poisson
from .reaction_diffusion import AllenCahn, CahnHilliard, FisherKPP
from .semilinear import AbstractSemilinear
from .transport import Advection, Diffusion
from .vorticity import Vorticity, diagonal_forcing, kolmogorov_forcing
from .wave import SineGordon, Wave

__all__ = [
    "AbstractConservationLaw",
    "AbstractEquation",
    "AbstractSemilinear",
    "Advection",
    "AllenCahn",
    "Burgers",
    "CahnHilliard",
    "Coefficient",
    "Darcy",
    "Diffusion",
    "ExactSolution",
    "FisherKPP",
    "FlameFront",
    "GinzburgLandau",
    "GrayScott",
    "KortewegDeVries",
    "KuramotoSivashinsky",
    "PointFunction",
    "Poisson",
    "ReducedUnits",
    "Schroedinger",
    "SineGordon",
    "TwoPhase",
    "VectorBurgers",
    "Vorticity",
    "Wave",
    "diagonal_forcing",
    "kolmogorov_forcing",
]
