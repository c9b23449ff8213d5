"""Patterns that grow from a spot in which two substances react."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import GrayScott
from neuralpde.pinn.problem import Problem
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box

from .evolved import evolved
from .statement import zero_walls


def gray_scott(end: float = 200.0, hard: bool = True, modes: int = 512) -> Problem:
    """u_t = 1e-5 Laplace(u) + 0.04 (1 - u) - u v^2, v_t = 5e-6 Laplace(v) - 0.1 v + u v^2 on [-1, 1]^2 for t in [0, end],

    from 1 - exp(-80 |x + s|^2) and exp(-80 |x - s|^2), s = (0.05, 0.02). GS of PINNacle (Hao et al., NeurIPS 2024 Datasets
    and Benchmarks), where nothing is asked for at the walls; here the square is periodic, and what happens in its middle
    does not reach them. Published relative L2 error: 8e-2. Reference: ETDRK4 with ``modes`` modes an axis, about half a
    minute of work: with 512 within 2e-6 at t = 20, with 256 wrong by 6e-5 at t = 40; not measured later. A cut of the
    spectrum of products would cost more than their aliases do, so that none is made.
    """
    domain = Box.of(periodic=("x", "y"), x=(-1.0, 1.0), y=(-1.0, 1.0), t=(0.0, end))
    equation = GrayScott((1e-5, 5e-6), 0.04, 0.06)
    reference = evolved(equation, spot, domain, ETDRK(0.5, dealias=1.0), modes=modes, points=64, frames=21)
    return Problem(domain, equation, reference=reference, **zero_walls(domain, hard, spot))


def spot(x: Float[Array, " d"]) -> Float[Array, " 2"]:
    """u and v at the beginning."""
    shift = jnp.asarray([0.05, 0.02], x.dtype)
    bumps = [jnp.exp(-80 * jnp.sum((x[:2] + sign * shift) ** 2)) for sign in (1, -1)]
    return jnp.stack([1 - bumps[0], bumps[1]])
