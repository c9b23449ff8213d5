"""A wave that steepens where it stands: Burgers' equation."""

from __future__ import annotations

import math

import jax.numpy as jnp

from neuralpde.equations import Burgers
from neuralpde.pinn.problem import Problem
from neuralpde.spaces import Box

from .statement import zero_walls


def burgers(viscosity: float = 0.01 / math.pi, hard: bool = True, half: bool = False) -> Problem:
    """u_t + u u_x = nu u_xx on [-1, 1] x [0, 1], u(x, 0) = -sin(pi x), u = 0 at both ends.

    half: solved is the half [0, 1] alone, which tells the other one: the solution is odd in x, zero in the middle.
    Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019) 686. Reference: the formula of Cole and Hopf. Published
    relative L2 errors: 8.3e-9 (residual-based attention and self-scaled Broyden, 2011 weights), 8.2e-5 (PirateNet).
    """
    domain = Box.of(x=(0.0 if half else -1.0, 1.0), t=(0.0, 1.0))
    equation = Burgers(viscosity)
    start = lambda x: -jnp.sin(jnp.pi * x[0])
    return Problem(domain, equation, reference=equation.exact(domain), **zero_walls(domain, hard, start))
