"""Equations that jump from one smooth piece of time to the next."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import ControlPath

from .method import Method
from .solve import VectorField, solve
from .solved import Solved, total


def solve_pieces(field: VectorField, y0: Float[Array, " c"], path: ControlPath, method: Method) -> Solved:
    """States at the knots of a path that is linear between them, solved piece by piece.

    Each piece lasts a unit of time in which the path makes its increment: ``field(s, y, increment)``, s in [0, 1]. No
    step goes across a knot, where the rate jumps. The cost is that of all pieces.
    """

    def piece(y: Float[Array, " c"], increment: Float[Array, " channel"]):
        solved = solve(field, y, (0.0, 1.0), method, args=increment)
        return solved.last, (solved.last, solved.cost)

    _, (later, costs) = jax.lax.scan(piece, y0, path.increments)
    return Solved(path.knots, jnp.concatenate([y0[None], later]), total(costs))
