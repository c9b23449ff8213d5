"""Second-order optimisers, behind the interface of the first-order ones."""

from .least_squares import least_squares
from .levenberg_marquardt import levenberg_marquardt
from .natural_gradient import natural_gradient
from .newton_cg import newton_cg
from .quasi_newton import bfgs, lbfgs, ssbfgs, ssbroyden

__all__ = [
    "bfgs",
    "lbfgs",
    "least_squares",
    "levenberg_marquardt",
    "natural_gradient",
    "newton_cg",
    "ssbfgs",
    "ssbroyden",
]
