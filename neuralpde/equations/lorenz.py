"""Chaotic systems: Lorenz' convection and ring of sites, and Rossler's folded band."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import Box

from .ode import AbstractODE, Scalar


class Lorenz63(AbstractODE):
    """x' = sigma (y - x),  y' = x (rho - z) - y,  z' = x y - beta z  (Lorenz, J. Atmos. Sci. 20 (1963) 130)."""

    names: ClassVar[tuple[str, ...]] = ("x", "y", "z")
    start: ClassVar[tuple[float, ...]] = (1.0, 0.0, 0.0)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((-15.0, 15.0), (-15.0, 15.0), (10.0, 40.0))
    sigma: Scalar = 10.0
    rho: Scalar = 28.0
    beta: Scalar = 8 / 3

    def vector_field(self, t: Scalar, y: Float[Array, " 3"], args: Any = None) -> Float[Array, " 3"]:
        """The three rates."""
        a, b, c = y
        return jnp.stack([self.sigma * (b - a), a * (self.rho - c) - b, a * b - self.beta * c])


class Lorenz96(AbstractODE):
    """y_i' = (y_{i+1} - y_{i-2}) y_{i-1} - y_i + forcing, on a ring of sites (Lorenz, Predictability, ECMWF 1996).

    The state may have any number of sites from four; ``sites`` is that of the usual initial states: at rest but for
    one site. Chaotic for the default forcing.
    """

    forcing: Scalar = 8.0
    sites: int = eqx.field(static=True, default=40)

    @property
    def names(self) -> tuple[str, ...]:
        """One name a site."""
        return tuple(f"y{i}" for i in range(self.sites))

    def vector_field(self, t: Scalar, y: Float[Array, " c"], args: Any = None) -> Float[Array, " c"]:
        """The rate of each site."""
        return (jnp.roll(y, -1) - jnp.roll(y, 2)) * jnp.roll(y, 1) - y + self.forcing

    def initial_state(self) -> Float[Array, " c"]:
        """The steady state y = forcing, pushed by 0.01 at the first site."""
        return jnp.full(self.sites, self.forcing, float).at[0].add(0.01)

    def initial_states(self) -> Box:
        """All sites between -5 and 10."""
        return Box.of(**dict.fromkeys(self.names, (-5.0, 10.0)))


class Rossler(AbstractODE):
    """x' = -y - z,  y' = x + a y,  z' = b + z (x - c)  (Rossler, Physics Letters 57A (1976) 397)."""

    names: ClassVar[tuple[str, ...]] = ("x", "y", "z")
    start: ClassVar[tuple[float, ...]] = (1.0, 1.0, 1.0)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((-5.0, 5.0), (-5.0, 5.0), (0.0, 2.0))
    a: Scalar = 0.2
    b: Scalar = 0.2
    c: Scalar = 5.7

    def vector_field(self, t: Scalar, y: Float[Array, " 3"], args: Any = None) -> Float[Array, " 3"]:
        """The three rates."""
        u, v, w = y
        return jnp.stack([-v - w, u + self.a * v, self.b + w * (u - self.c)])
