"""Laplace's equation on a square with four round holes."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import Poisson
from neuralpde.pinn.conditions import Boundary
from neuralpde.pinn.constraints import Constrained
from neuralpde.pinn.problem import Problem
from neuralpde.spaces import Ball, Box, Dirichlet, FunctionSpace

from .harmonic import CENTRE, HALF, RADIUS, harmonic
from .statement import Bubble

CENTRES = tuple(itertools.product((-CENTRE, CENTRE), repeat=2))


def laplace_with_holes(hard: bool = True) -> Problem:
    """Laplace(u) = 0 on (-0.5, 0.5)^2 without discs of radius 0.1 at (+-0.3, +-0.3), u = 1 outside and 0 on the discs.

    Poisson2d-C of PINNacle (Hao et al., NeurIPS 2024 Datasets and Benchmarks). Reference: `harmonic`, within 1e-13.
    Published relative L2 error: 1.2e-2 (NTK weights).

    Hard: ``H / (H + b) + H b / (H + b) u`` with H = prod_j (1 - R^2 / |x - c_j|^2), zero on the discs, and the `Bubble` b
    of the square.
    """
    square = Box.cube(2, -HALF, HALF)
    discs = [Ball(centre, RADIUS) for centre in CENTRES]
    domain = functools.reduce(operator.sub, discs, square)
    reference = harmonic(FunctionSpace(domain))
    if hard:
        on_walls = functools.partial(level, square=square, discs=discs)
        ansatz = lambda u: Constrained(u, on_walls, lambda x: on_walls(x) * Bubble(square)(x))
        return Problem(domain, Poisson(0.0), reference=reference, ansatz=ansatz)
    walls = Boundary(Dirichlet(1.0), on=square.boundary, name="walls")
    holes = [Boundary(Dirichlet(0.0), on=disc.boundary, name=f"hole_{i + 1}") for i, disc in enumerate(discs)]
    return Problem(domain, Poisson(0.0), [walls, *holes], reference)


def level(x: Float[Array, " 2"], square: Box, discs: Sequence[Ball]) -> Float[Array, ""]:
    """A smooth function that is one on the walls of a square and zero on discs in it."""
    apart = [jnp.sum((x - jnp.asarray(disc.centre, x.dtype)) ** 2) / disc.radius**2 for disc in discs]
    inside = jnp.prod(1 - 1 / jnp.stack(apart))
    return inside / (inside + Bubble(square)(x))
