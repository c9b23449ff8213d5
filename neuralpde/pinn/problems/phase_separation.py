"""Phases that separate, from a state whose slope jumps at the seam of its period."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AllenCahn, PointFunction
from neuralpde.errors import ArgumentError
from neuralpde.pinn.constraints import Begins
from neuralpde.pinn.problem import Problem
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box

from .evolved import evolved
from .statement import zero_walls


def allen_cahn(diffusivity: float = 1e-4, growth: float = 5.0, hard: bool = True) -> Problem:
    """u_t = D u_xx + r (u - u^3) on [-1, 1] x [0, 1], periodic in x, u(x, 0) = x^2 cos(pi x).

    Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019) 686. Reference: ETDRK4 with 4096 modes from the Fourier
    coefficients of the initial state, within 3e-9; files of 512 points made from its samples are wrong by 1e-5. Published
    relative L2 errors against such files: 1.9e-6 (residual-based attention and self-scaled Broyden), 3.5e-6 (SOAP), 2.2e-5
    (PirateNet).

    Hard: ``w + t u`` with the w of `smoothed`, which is the initial state at t = 0. Raises ``ValueError`` for D > 0.01
    then, where w would have another kink in the middle.
    """
    domain = Box.of(periodic=("x",), x=(-1.0, 1.0), t=(0.0, 1.0))
    equation = AllenCahn(diffusivity, growth)
    if hard and diffusivity > 0.01:
        raise ArgumentError(
            f"The exact beginning of allen_cahn is made for diffusivities up to 0.01, got {diffusivity}; use hard=False."
        )
    reference = evolved(equation, lambda x: start(x)[None], domain, ETDRK(1e-3, dealias=0.5), modes=4096)
    if not hard:
        return Problem(domain, equation, reference=reference, **zero_walls(domain, hard, start))
    return Problem(domain, equation, reference=reference, ansatz=Begins(smoothed(diffusivity, growth)))


def start(x: Float[Array, " d"]) -> Float[Array, ""]:
    """x^2 cos(pi x), which is ``-1 + 2 |xi| + ...`` at the distance xi from the seam x = -1 = 1."""
    return x[0] ** 2 * jnp.cos(jnp.pi * x[0])


def smoothed(diffusivity: float, growth: float = 0.0) -> PointFunction:
    """The initial state with its kink 2 |xi| spread by diffusion, a function of (x, t) that is smooth for t > 0:

    2 |xi| becomes ``2 h``, ``h = |xi| erf(z) + sqrt(4 D t / pi) exp(-z^2)``, z = |xi| / sqrt(4 D t). A slope that jumps at
    all times would be the solution of a problem with a source at the seam, which no residual at points inside can see.

    With the ``growth`` r, 2 h falls like exp(-2 r t) near the seam, as what is small beside -1 does by r (u - u^3): else
    what is left for a network to learn has a kink there too.
    """

    def value(x: Float[Array, " 2"]) -> Float[Array, ""]:
        # A square root has no derivative at zero, where the beginning is.
        width = jnp.sqrt(jnp.maximum(4 * diffusivity * x[1], 1e-30))
        xi = 1 - jnp.abs(x[0])
        z = xi / width
        spread = width / jnp.sqrt(jnp.pi) * jnp.exp(-(z**2)) - xi * jax.scipy.special.erfc(z)
        # One at the seam, and at x = 0, where |x| has no derivative, zero with the first seven of its own.
        near = jnp.sin(jnp.pi * x[0] / 2) ** 8
        return start(x) + 2 * spread + 2 * jnp.expm1(-2 * growth * x[1]) * near * (xi + spread)

    return value
