"""Neural differential equations: solves with their costs, regularisers of these, and models, on diffrax."""

from .brownian import Diffusion, brownian_tree, levy_area
from .concat_squash import ConcatSquash, ConcatSquashField
from .fields import MLPField
from .flow import ContinuousFlow
from .hamiltonian import Hamiltonian
from .lagrangian import Lagrangian
from .method import Method
from .neural_ode import NeuralODE
from .norms import rms
from .regularisers import (
    ErrorEstimate,
    Instant,
    Integrand,
    JacobianFrobenius,
    Kinetic,
    StiffnessEstimate,
    TaylorDerivative,
    local_error,
    local_stiffness,
    random_end,
    random_signs,
    solve_with_instant,
    solve_with_integrals,
    total_derivative,
)
from .second_order import SecondOrderODE
from .solve import VectorField, solve, solve_together
from .solve_sde import solve_sde, stratonovich_drift
from .solved import Cost, Solved, Tally
from .traces import bottleneck_trace, exact_trace, hutchinson_trace

__all__ = [
    "ConcatSquash",
    "ConcatSquashField",
    "ContinuousFlow",
    "Cost",
    "Diffusion",
    "ErrorEstimate",
    "Hamiltonian",
    "Instant",
    "Integrand",
    "JacobianFrobenius",
    "Kinetic",
    "Lagrangian",
    "MLPField",
    "Method",
    "NeuralODE",
    "SecondOrderODE",
    "Solved",
    "StiffnessEstimate",
    "Tally",
    "TaylorDerivative",
    "VectorField",
    "bottleneck_trace",
    "brownian_tree",
    "exact_trace",
    "hutchinson_trace",
    "levy_area",
    "local_error",
    "local_stiffness",
    "random_end",
    "random_signs",
    "rms",
    "solve",
    "solve_sde",
    "solve_together",
    "solve_with_instant",
    "solve_with_integrals",
    "stratonovich_drift",
    "total_derivative",
]
