"""Where functions live: domains, boundary conditions, discretisations, fields, calculus, norms, random fields."""

from .ball import Ball
from .boundary import AbstractBoundaryCondition, Dirichlet, Free, Neumann, Periodic, Robin
from .box import Axis, Box
from .control_path import ControlPath, Pieces, control_path
from .csg import Difference, Intersection, Union
from .discretization import AbstractDiscretization
from .domain import AbstractDomain, AbstractSurface
from .drawn import Drawn
from .field import Field
from .fourier import Fourier
from .function import AbstractFunction, ClosedForm, Neural
from .grid import Grid
from .implicit import SignedDistance
from .irregular_series import IrregularSeries
from .norms import h1_norm, lp_norm, mgno_h1, relative_h1, relative_l2, relative_lp, sobolev_norm
from .points import Points
from .polygon import Polygon
from .product import Product
from .propagation import composed, has_rule, propagate
from .random_field import (
    AbstractCovariance,
    AbstractPrior,
    GaussianField,
    Matern,
    PowerLaplace,
    SquaredExponential,
    White,
)
from .random_noise import PowerNoise
from .random_waves import RandomSeries, RandomWaves
from .space import FunctionSpace
from .spherical_harmonics import SphericalHarmonics
from .taylor import Directions, Order, TaylorSeries, Value, concatenate, linear, solution
from .trajectory import Sample, Trajectory
from .wall import Wall

__all__ = [
    "AbstractBoundaryCondition",
    "AbstractCovariance",
    "AbstractDiscretization",
    "AbstractDomain",
    "AbstractFunction",
    "AbstractPrior",
    "AbstractSurface",
    "Axis",
    "Ball",
    "Box",
    "ClosedForm",
    "ControlPath",
    "Difference",
    "Directions",
    "Dirichlet",
    "Drawn",
    "Field",
    "Fourier",
    "Free",
    "FunctionSpace",
    "GaussianField",
    "Grid",
    "Intersection",
    "IrregularSeries",
    "Matern",
    "Neumann",
    "Neural",
    "Order",
    "Periodic",
    "Pieces",
    "Points",
    "Polygon",
    "PowerLaplace",
    "PowerNoise",
    "Product",
    "RandomSeries",
    "RandomWaves",
    "Robin",
    "Sample",
    "SignedDistance",
    "SphericalHarmonics",
    "SquaredExponential",
    "TaylorSeries",
    "Trajectory",
    "Union",
    "Value",
    "Wall",
    "White",
    "composed",
    "concatenate",
    "control_path",
    "h1_norm",
    "has_rule",
    "linear",
    "lp_norm",
    "mgno_h1",
    "propagate",
    "relative_h1",
    "relative_l2",
    "relative_lp",
    "sobolev_norm",
    "solution",
]
