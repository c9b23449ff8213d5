"""Neural differential equations on diffrax: vectors, series and fields that networks move in time, with and without noise."""

from .answers import Answered, answered
from .brownian import Diffusion, brownian_tree, levy_area
from .closure import Closure, LearnedFlux
from .concat_squash import ConcatSquash, ConcatSquashField
from .field_dynamics import FieldODE, FieldSDE, implicit_explicit
from .fields import MLPField
from .flow import ContinuousFlow
from .flow_map import ExponentialFlow, FlowMap
from .graph_hamiltonian import GraphHamiltonian
from .hamiltonian import Hamiltonian
from .hippo import hippo_legs, remembered
from .ignition import IgnitionODE
from .lagrangian import Lagrangian
from .langevin import CoupledOscillators, langevin_sde, langevin_step
from .langevin_flow import LangevinFlow
from .latent_ode import Evidence, LatentODE
from .latent_sde import Gaussian, LatentPath, LatentSDE
from .log_signature import log_ode_field, log_signature, log_signature_path, log_signature_size
from .lssl import LSSL, LSSLBlock, LSSLNetwork, StateSpace
from .meta_learning import adapted
from .method import Method
from .neural_cde import NeuralCDE
from .neural_ode import NeuralODE
from .norms import rms
from .parameterised import JoinedField, ParameterisedODE, solve_forward
from .path_kl import with_path_kl
from .q_wiener import QWiener
from .ranges import AbstractRange, Between, Decades, LearnedQuantities, Positive
from .read_out import FormulaField, learned_field, read_out
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
from .sde_gan import CDEDiscriminator, SDEGenerator, clipped, lipswish
from .second_order import SecondOrderODE
from .solve import VectorField, solve, solve_together
from .solve_sde import solve_sde, stratonovich_drift
from .solved import Cost, Solved, Tally
from .spde import exponential_euler, solve_spde
from .stable_sde import StableSDE
from .state_space import causal_convolution, generalized_bilinear, krylov
from .traces import bottleneck_trace, exact_trace, hutchinson_trace

__all__ = [
    "GRUD",
    "LSSL",
    "ODERNN",
    "AbstractRange",
    "Answered",
    "Between",
    "CDEDiscriminator",
    "Closure",
    "ConcatSquash",
    "ConcatSquashField",
    "ContinuousFlow",
    "Cost",
    "CoupledOscillators",
    "Decades",
    "Diffusion",
    "ErrorEstimate",
    "Evidence",
    "ExponentialFlow",
    "FieldODE",
    "FieldSDE",
    "FlowMap",
    "FormulaField",
    "Gaussian",
    "GraphHamiltonian",
    "Hamiltonian",
    "IgnitionODE",
    "Instant",
    "Integrand",
    "JacobianFrobenius",
    "JoinedField",
    "Kinetic",
    "LSSLBlock",
    "LSSLNetwork",
    "Lagrangian",
    "LangevinFlow",
    "LatentODE",
    "LatentPath",
    "LatentSDE",
    "LearnedFlux",
    "LearnedQuantities",
    "MLPField",
    "Method",
    "NeuralCDE",
    "NeuralODE",
    "ParameterisedODE",
    "Positive",
    "QWiener",
    "RecurrentEncoder",
    "SDEGenerator",
    "SecondOrderODE",
    "Solved",
    "StableSDE",
    "StateSpace",
    "StiffnessEstimate",
    "Tally",
    "TaylorDerivative",
    "VectorField",
    "adapted",
    "answered",
    "bottleneck_trace",
    "brownian_tree",
    "causal_convolution",
    "clipped",
    "exact_trace",
    "exponential_euler",
    "generalized_bilinear",
    "hippo_legs",
    "hutchinson_trace",
    "implicit_explicit",
    "krylov",
    "langevin_sde",
    "langevin_step",
    "learned_field",
    "levy_area",
    "lipswish",
    "local_error",
    "local_stiffness",
    "log_ode_field",
    "log_signature",
    "log_signature_path",
    "log_signature_size",
    "random_end",
    "random_signs",
    "read_out",
    "remembered",
    "rms",
    "solve",
    "solve_forward",
    "solve_sde",
    "solve_spde",
    "solve_together",
    "solve_with_instant",
    "solve_with_integrals",
    "stratonovich_drift",
    "total_derivative",
    "with_path_kl",
]
