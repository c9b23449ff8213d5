"""Solitons that leave a cosine."""

from __future__ import annotations

import jax.numpy as jnp

from neuralpde.equations import KortewegDeVries
from neuralpde.pinn.problem import Problem
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box

from .evolved import evolved
from .statement import zero_walls


def korteweg_de_vries(dispersion: float = 0.022**2, hard: bool = True) -> Problem:
    """u_t + u u_x + b u_xxx = 0 on [-1, 1] x [0, 1], periodic in x, u(x, 0) = cos(pi x).

    Zabusky & Kruskal, Phys. Rev. Lett. 15 (1965) 240. Reference: ETDRK4 with 512 points, within 1e-9. Published relative
    L2 errors: 2.2e-6 (residual-based attention and self-scaled Broyden), 3.4e-4 (SOAP), 4.3e-4 (PirateNet).
    """
    domain = Box.of(periodic=("x",), x=(-1.0, 1.0), t=(0.0, 1.0))
    equation = KortewegDeVries(dispersion)
    start = lambda x: jnp.cos(jnp.pi * x[:1])
    reference = evolved(equation, start, domain, ETDRK(1e-4), modes=512)
    return Problem(domain, equation, reference=reference, **zero_walls(domain, hard, start))
