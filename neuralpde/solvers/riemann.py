"""Approximate Riemann solvers: the flux through a face from the states on its two sides.

Toro, "Riemann Solvers and Numerical Methods for Fluid Dynamics", 3rd edition, Springer 2009, chapter 10.
"""

from __future__ import annotations

import jax.numpy as jnp

from neuralpde.equations import AbstractConservationLaw
from neuralpde.equations.conservation_law import State


def rusanov(law: AbstractConservationLaw, left: State, right: State, axis: int) -> State:
    """Central flux with the diffusion of the fastest wave."""
    speeds = (*law.signal_speeds(left, axis), *law.signal_speeds(right, axis))
    fastest = jnp.max(jnp.abs(jnp.stack(speeds)), 0)[..., None]
    return (law.flux(left, axis) + law.flux(right, axis) - fastest * (right - left)) / 2


def hll(law: AbstractConservationLaw, left: State, right: State, axis: int) -> State:
    """One state between the slowest and the fastest wave: upwind where both go one way (Harten, Lax, van Leer)."""
    slow, fast = law.wave_speeds(left, right, axis)
    slow, fast = jnp.minimum(slow, 0.0)[..., None], jnp.maximum(fast, 0.0)[..., None]
    moving = fast > slow
    width = jnp.where(moving, fast - slow, 1.0)
    from_left = jnp.where(moving, fast / width, 0.5)
    flux = from_left * law.flux(left, axis) + (1 - from_left) * law.flux(right, axis)
    return flux + slow * fast / width * (right - left)


def hllc(law: AbstractConservationLaw, left: State, right: State, axis: int) -> State:
    """HLL with the contact wave restored, by the law's own `contact_flux`."""
    return law.contact_flux(left, right, axis)


RIEMANN_SOLVERS = {"hllc": hllc, "hll": hll, "rusanov": rusanov}
