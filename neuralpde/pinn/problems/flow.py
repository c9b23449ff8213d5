"""A viscous fluid in a box whose lid moves."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations import NavierStokes
from neuralpde.pinn.conditions import Boundary, Observations
from neuralpde.pinn.constraints import Constrained
from neuralpde.pinn.problem import Problem
from neuralpde.spaces import Box, ClosedForm, Dirichlet, Field, FunctionSpace

from .driven_corners import driven_corners, driven_walls
from .statement import Bubble
from .steady_cavity import chebyshev_points, steady_cavity


def cavity(reynolds: float = 100.0, hard: bool = True, points: int = 33) -> Problem:
    """Steady w . grad w = -grad p + Laplace(w) / Re, div w = 0 on the unit square, w = (4 x (1 - x), 0) on the lid y = 1,

    w = 0 on the other walls, p = 0 at the origin. NS2d-C of PINNacle (Hao et al., NeurIPS 2024 Datasets and Benchmarks).
    Published relative L2 error: 3.6e-2 (adaptive activations, LAAF). Reference: `steady_cavity` at ``points`` by
    ``points`` points and `driven_corners`. Hard: the network is added to `driven_walls`, which is right on all walls and
    holds what has no derivatives in the corners of the lid, the logarithm in the pressure among it. The pressure at the
    origin stays a condition.
    """
    domain = Box.of(x=(0.0, 1.0), y=(0.0, 1.0))
    equation = NavierStokes(1 / reynolds)
    space = FunctionSpace(domain, equation.names)
    x = (1 + chebyshev_points(points)) / 2
    smooth = Field(steady_cavity(4 * x * (1 - x), 1 / reynolds), domain.grid(points, layout="chebyshev"), space)
    corners = ClosedForm(lambda x: driven_corners(x, 1 / reynolds, (4.0, 4.0)), space)
    reference = Constrained(smooth, corners, lambda x: jnp.ones((), x.dtype))
    level = Observations(np.zeros((1, 2)), np.zeros(1), of="p", name="level")
    if not hard:
        walls = Boundary(Dirichlet(_on_walls), of=("u", "v"))
        return Problem(domain, equation, [walls, level], reference)
    bubble = Bubble(domain)
    factors = lambda x: jnp.stack([bubble(x), bubble(x), jnp.ones((), x.dtype)])
    walls = lambda x: driven_walls(x, 1 / reynolds)
    return Problem(domain, equation, [level], reference, ansatz=lambda u: Constrained(u, walls, factors))


def _on_walls(x: Float[Array, " 2"]) -> Float[Array, " 2"]:
    """The velocity on all walls."""
    return jnp.stack([4 * x[0] * (1 - x[0]) * x[1], jnp.zeros((), x.dtype)])
