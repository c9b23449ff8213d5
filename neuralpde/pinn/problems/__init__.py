"""Named problems of the literature: functions that return a `neuralpde.pinn.Problem`, with its reference.

Arguments are the parameters of the equation, by default the published ones, and ``hard``: whether walls and beginnings
are met exactly by the form of the function (the ansatz of the problem), or are conditions beside the equation.
"""

from .discovery import hidden_burgers, hidden_lotka_volterra
from .elliptic import helmholtz, poisson, poisson_sines
from .flow import cavity
from .four_holes import laplace_with_holes
from .fronts import burgers, convection
from .heat import heat_ball, heat_multiscale
from .inverse import burgers_inverse, poisson_inverse
from .phase_separation import allen_cahn
from .solitons import korteweg_de_vries
from .waves import wave, wave_2d_multiscale

__all__ = [
    "allen_cahn",
    "burgers",
    "burgers_inverse",
    "cavity",
    "convection",
    "heat_ball",
    "heat_multiscale",
    "helmholtz",
    "hidden_burgers",
    "hidden_lotka_volterra",
    "korteweg_de_vries",
    "laplace_with_holes",
    "poisson",
    "poisson_inverse",
    "poisson_sines",
    "wave",
    "wave_2d_multiscale",
]
