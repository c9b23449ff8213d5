"""What a sliding lid does in the two corners at its ends.

A lid y = 1 whose speed is s x near its end x = 0 meets a wall at rest. Close to the corner viscosity rules, and Stokes'
equations have a solution of their own there, with the stream function s r^2 (pi/8 + theta/2 - (pi/8) cos 2 theta +
(1/4) sin 2 theta): its velocity is continuous, its slope depends on the direction, and its pressure grows like log r
(after Moffatt, J. Fluid Mech. 18 (1964) 1). No polynomial and no network comes close to that; what is left without it is
smoother.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

MIRRORED = (1.0, -1.0, -1.0)
"""Stokes flow in a mirror, turned about: of the lid that comes from the other side."""


def driven_corner(x: Float[Array, ""], y: Float[Array, ""], viscosity: float) -> Float[Array, " 3"]:
    """(u, v, p) at a distance x >= 0 from the wall and -y >= 0 from the lid, whose speed is x; p is infinite at (0, 0)."""
    angle = jnp.arctan2(y, x)
    return jnp.stack([jnp.pi / 2 * y + angle * y + x, -angle * x, viscosity * jnp.log(x**2 + y**2)])


def driven_corners(x: Float[Array, " 2"], viscosity: float, slopes: tuple[float, float]) -> Float[Array, " 3"]:
    """(u, v, p) of the corners (0, 1) and (1, 1) of the unit square together: a solution of Stokes' equations.

    slopes: of the lid's speed at both of its ends, inwards.
    """
    left, right = (driven_corner(distance, x[1] - 1, viscosity) for distance in (x[0], 1 - x[0]))
    return slopes[0] * left + slopes[1] * jnp.asarray(MIRRORED) * right


def driven_walls(x: Float[Array, " 2"], viscosity: float) -> Float[Array, " 3"]:
    """(u, v, p) that slides at 4 x (1 - x) on the lid and rests on the other walls of the unit square.

    The corners' flow, less its excess on the walls, which is carried inwards by transfinite interpolation (Gordon & Hall,
    Numer. Math. 21 (1973) 109).
    """
    x, y = x[0], x[1]
    none, all_ = jnp.zeros_like(x), jnp.ones_like(x)
    flow = lambda x, y: driven_corners(jnp.stack([x, y]), viscosity, (4.0, 4.0))
    # On the wall at its side a corner's flow rests, and is left out: its formula has no derivatives at the very corner.
    right = lambda y: 4 * driven_corner(all_, y - 1, viscosity)
    left = lambda y: jnp.asarray(MIRRORED) * right(y)
    top = jnp.stack([4 - 4 * x * (1 - x), none, none])
    across = lambda y: (1 - x) * left(y) + x * right(y)
    excess = across(y) + (1 - y) * (flow(x, none) - across(none)) + y * (top - across(all_))
    return flow(x, y) - excess * jnp.asarray([1.0, 1.0, 0.0])
