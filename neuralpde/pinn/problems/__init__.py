"""Named problems of the literature: functions that return a `neuralpde.pinn.Problem`, with its reference.

Arguments are the parameters of the equation, by default the published ones, and ``hard``: whether walls and beginnings
are met exactly by the form of the function (the ansatz of the problem), or are conditions beside the equation.
"""

from .chaos import kuramoto_sivashinsky, lorenz
from .counterflow_flames import flame_counterflow, flame_counterflow_inverse
from .discovery import hidden_burgers, hidden_lotka_volterra
from .electrodermal import electrodermal
from .elliptic import helmholtz, poisson, poisson_sines
from .flames import flame_free, flame_simplified, flame_simplified_inverse
from .flow import cavity
from .four_holes import laplace_with_holes
from .fronts import burgers
from .heat import heat_ball, heat_multiscale
from .inverse import burgers_inverse, heat_inverse, poisson_inverse
from .oscillation import cosines
from .patterns import gray_scott
from .phase_separation import allen_cahn
from .potential import poisson_boltzmann
from .solitons import korteweg_de_vries
from .torus import vortices
from .transport import convection, convection_diffusion, moving_shock
from .waves import wave, wave_2d_multiscale

__all__ = [
    "allen_cahn",
    "burgers",
    "burgers_inverse",
    "cavity",
    "convection",
    "convection_diffusion",
    "cosines",
    "electrodermal",
    "flame_counterflow",
    "flame_counterflow_inverse",
    "flame_free",
    "flame_simplified",
    "flame_simplified_inverse",
    "gray_scott",
    "heat_ball",
    "heat_inverse",
    "heat_multiscale",
    "helmholtz",
    "hidden_burgers",
    "hidden_lotka_volterra",
    "korteweg_de_vries",
    "kuramoto_sivashinsky",
    "laplace_with_holes",
    "lorenz",
    "moving_shock",
    "poisson",
    "poisson_boltzmann",
    "poisson_inverse",
    "poisson_sines",
    "vortices",
    "wave",
    "wave_2d_multiscale",
]
