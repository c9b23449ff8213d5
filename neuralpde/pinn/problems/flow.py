"""A viscous fluid in a box whose lid moves."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations import NavierStokes
from neuralpde.pinn.conditions import Boundary, Observations
from neuralpde.pinn.constraints import Constrained
from neuralpde.pinn.problem import Problem
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace

from .statement import Bubble
from .steady_cavity import steady_cavity


def cavity(reynolds: float = 100.0, hard: bool = True, points: int = 33) -> Problem:
    """Steady w . grad w = -grad p + Laplace(w) / Re, div w = 0 on the unit square, w = (4 x (1 - x), 0) on the lid y = 1,

    w = 0 on the other walls, p = 0 at the origin. NS2d-C of PINNacle (Hao et al., NeurIPS 2024 Datasets and Benchmarks).
    Published relative L2 error: 3.6e-2 (adaptive activations, LAAF). Reference: `steady_cavity` at ``points`` by
    ``points`` points, for Re = 100 and 33 points within 5e-5 in the velocity and 1e-2 in the pressure. The pressure at
    the origin stays a condition.
    """
    domain = Box.of(x=(0.0, 1.0), y=(0.0, 1.0))
    equation = NavierStokes(1 / reynolds)
    grid = domain.grid(points, layout="chebyshev")
    x = (1 + np.sin(np.pi * (2 * np.arange(points) - (points - 1)) / (2 * (points - 1)))) / 2
    reference = Field(steady_cavity(4 * x * (1 - x), 1 / reynolds), grid, FunctionSpace(domain, equation.names))
    level = Observations(np.zeros((1, 2)), np.zeros(1), of="p", name="level")
    if not hard:
        walls = Boundary(Dirichlet(lambda x: _on_walls(x)[:2]), of=("u", "v"))
        return Problem(domain, equation, [walls, level], reference)
    bubble = Bubble(domain)
    factors = lambda x: jnp.stack([bubble(x), bubble(x), jnp.ones((), x.dtype)])
    return Problem(domain, equation, [level], reference, ansatz=lambda u: Constrained(u, _on_walls, factors))


def _on_walls(x: Float[Array, " 2"]) -> Float[Array, " 3"]:
    """The velocity on all walls, and no pressure."""
    return jnp.stack([4 * x[0] * (1 - x[0]) * x[1], *jnp.zeros(2, x.dtype)])
