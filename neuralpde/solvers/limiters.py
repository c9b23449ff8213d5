"""Slope limiters: from the two one-sided differences of a cell to one slope that makes no new extremum.

All are symmetric, homogeneous of degree one, and zero where the differences have different signs.
Sweby, SIAM J. Numer. Anal. 21 (1984) 995; van Leer, J. Comput. Phys. 23 (1977) 276.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

Slope = Float[Array, "*cell c"]


def minmod(a: Slope, b: Slope) -> Slope:
    """The smaller difference: the most diffusive limiter."""
    return _sign(a, b) * jnp.minimum(jnp.abs(a), jnp.abs(b))


def mc(a: Slope, b: Slope) -> Slope:
    """Monotonised central: the mean, at most twice the smaller difference."""
    return _sign(a, b) * jnp.minimum(jnp.abs(a + b) / 2, 2 * jnp.minimum(jnp.abs(a), jnp.abs(b)))


def van_leer(a: Slope, b: Slope) -> Slope:
    """The harmonic mean: smooth in the differences wherever they agree in sign."""
    same = a * b > 0
    return jnp.where(same, 2 * a * b / jnp.where(same, a + b, 1.0), 0.0)


def superbee(a: Slope, b: Slope) -> Slope:
    """The largest second-order slope: sharpens contacts, and steepens smooth waves too."""
    small, large = jnp.minimum(jnp.abs(a), jnp.abs(b)), jnp.maximum(jnp.abs(a), jnp.abs(b))
    return _sign(a, b) * jnp.minimum(2 * small, large)


def central(a: Slope, b: Slope) -> Slope:
    """The mean, without any limit: for smooth solutions only."""
    return (a + b) / 2


def first_order(a: Slope, b: Slope) -> Slope:
    """No slope: Godunov's method."""
    return jnp.zeros_like(a)


def _sign(a: Slope, b: Slope) -> Slope:
    """The common sign of two differences, or zero."""
    return (jnp.sign(a) + jnp.sign(b)) / 2


LIMITERS = {
    "mc": mc,
    "minmod": minmod,
    "van_leer": van_leer,
    "superbee": superbee,
    "central": central,
    "none": first_order,
}
