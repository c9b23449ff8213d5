"""Neural differential equations: solves with their costs, regularisers of these, and models, on diffrax."""

from .brownian import Diffusion, brownian_tree, levy_area
from .concat_squash import ConcatSquash, ConcatSquashField
from .control_path import ControlPath, Pieces, control_path
from .fields import MLPField
from .flow import ContinuousFlow
from .hamiltonian import Hamiltonian
from .lagrangian import Lagrangian
from .latent_ode import Evidence, LatentODE
from .log_signature import log_ode_field, log_signature, log_signature_path, log_signature_size
from .method import Method
from .neural_cde import NeuralCDE
from .neural_ode import NeuralODE
from .norms import rms
from .recurrent import GRUD, ODERNN, RecurrentEncoder
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
from .stable_sde import StableSDE
from .traces import bottleneck_trace, exact_trace, hutchinson_trace

__all__ = [
    "GRUD",
    "ODERNN",
    "ConcatSquash",
    "ConcatSquashField",
    "ContinuousFlow",
    "ControlPath",
    "Cost",
    "Diffusion",
    "ErrorEstimate",
    "Evidence",
    "Hamiltonian",
    "Instant",
    "Integrand",
    "JacobianFrobenius",
    "Kinetic",
    "Lagrangian",
    "LatentODE",
    "MLPField",
    "Method",
    "NeuralCDE",
    "NeuralODE",
    "Pieces",
    "RecurrentEncoder",
    "SecondOrderODE",
    "Solved",
    "StableSDE",
    "StiffnessEstimate",
    "Tally",
    "TaylorDerivative",
    "VectorField",
    "bottleneck_trace",
    "brownian_tree",
    "control_path",
    "exact_trace",
    "hutchinson_trace",
    "levy_area",
    "local_error",
    "local_stiffness",
    "log_ode_field",
    "log_signature",
    "log_signature_path",
    "log_signature_size",
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
