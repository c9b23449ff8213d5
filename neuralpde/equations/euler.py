"""The Euler equations of gas dynamics."""

from __future__ import annotations

import equinox as eqx
from jaxtyping import Array, Float

from .gas import AbstractGas


class Euler(AbstractGas):
    """Euler equations of an ideal gas without viscosity.

        rho_t + div(rho v) = 0,  (rho v)_t + div(rho v v + p I) = 0,  E_t + div((E + p) v) = 0

    gamma: ratio of specific heats. dim: number of space dimensions, 1 to 3.
    """

    gamma: Float[Array, ""] | float = 1.4
    dim: int = eqx.field(static=True, default=2)
