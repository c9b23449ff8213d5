"""Interim door."""
from .boundary import AbstractBoundaryCondition, Dirichlet, Free, Neumann, Periodic, Robin
from .box import Axis, Box
from .discretization import AbstractDiscretization
from .domain import AbstractDomain
from .field import Field
from .function import AbstractFunction, ClosedForm, Neural
from .grid import Grid
from .interim import Sample, Trajectory, h1_norm, lp_norm, mgno_h1, relative_h1, relative_l2, relative_lp
from .points import Points
from .space import FunctionSpace
