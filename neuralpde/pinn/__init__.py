"""Physics-informed networks: a network becomes a solution by what it is asked to satisfy."""

from .candidate import Candidate, Joined
from .collocation import Collocation
from .conditions import (
    AbstractCondition,
    Boundary,
    Initial,
    IntegralCondition,
    Interface,
    Interior,
    Observations,
    PeriodicSides,
)
from .constraints import Constrained, Lifted, Started, product
from .distances import distance_to_boundary, distance_to_segment, distance_to_side, joined
from .hidden import HiddenTerm, hidden_network, hidden_terms, read_hidden, visited, with_formula
from .initialization import fit_head, fit_linear
from .marching import Marched, curriculum, march, windows
from .networks import coordinate_network
from .problem import Problem
from .quadrature import integral
from .reference import ReferenceValues, reference_values
from .sampling import (
    R3,
    RAD,
    RARD,
    AbstractResampling,
    AbstractSampler,
    Halton,
    LatinHypercube,
    Lattice,
    Sobol,
    Uniform,
    in_domain,
    on_surface,
)
from .term import Term
from .uncertainty import Estimate
from .unknowns import Positive
from .weights import (
    AbstractBalance,
    Balanced,
    GradientNorms,
    ReLoBRaLo,
    ResidualAttention,
    SelfAdaptive,
    TangentKernel,
    View,
)

__all__ = [
    "R3",
    "RAD",
    "RARD",
    "AbstractBalance",
    "AbstractCondition",
    "AbstractResampling",
    "AbstractSampler",
    "Balanced",
    "Boundary",
    "Candidate",
    "Collocation",
    "Constrained",
    "Estimate",
    "GradientNorms",
    "Halton",
    "HiddenTerm",
    "Initial",
    "IntegralCondition",
    "Interface",
    "Interior",
    "Joined",
    "LatinHypercube",
    "Lattice",
    "Lifted",
    "Marched",
    "Observations",
    "PeriodicSides",
    "Positive",
    "Problem",
    "ReLoBRaLo",
    "ReferenceValues",
    "ResidualAttention",
    "SelfAdaptive",
    "Sobol",
    "Started",
    "TangentKernel",
    "Term",
    "Uniform",
    "View",
    "coordinate_network",
    "curriculum",
    "distance_to_boundary",
    "distance_to_segment",
    "distance_to_side",
    "fit_head",
    "fit_linear",
    "hidden_network",
    "hidden_terms",
    "in_domain",
    "integral",
    "joined",
    "march",
    "on_surface",
    "product",
    "read_hidden",
    "reference_values",
    "visited",
    "windows",
    "with_formula",
]
