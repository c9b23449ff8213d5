"""The solution on the square with four holes, as a series of functions that are harmonic there.

Poles of all orders in the discs and in their mirror images behind the walls, and a polynomial for the images that are
farther away: u - 1 is odd about each wall. It is even about the axes and the diagonals of the square, as every term is, so
that the coefficients follow by least squares from the values on half of one circle and half of one wall. The error is
harmonic, too, and largest on the boundary, where it is seen.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neuralpde.spaces import AbstractFunction, FunctionSpace

HALF, CENTRE, RADIUS = 0.5, 0.3, 0.1
POLES, POWERS, NODES = 24, 16, 120


class Harmonic(AbstractFunction):
    """``1 + sum_i coefficients_i terms_i(x)``."""

    coefficients: Float[Array, " n"]
    space: FunctionSpace = eqx.field(static=True)

    def __call__(self, x: Float[Array, " 2"]) -> Float[Array, " 1"]:
        return 1 + (terms(x) @ self.coefficients.astype(x.dtype))[None]


def harmonic(space: FunctionSpace) -> Harmonic:
    """The function that is 0 on the discs and 1 on the walls, up to 1e-13 in float64."""
    angle = np.pi / 4 + np.pi * np.linspace(0, 1, NODES)
    circle = CENTRE + RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    wall = np.stack([np.full(NODES, HALF), HALF * np.linspace(0, 1, NODES)], axis=1)
    with jax.enable_x64(True):
        matrix = np.asarray(jax.jit(jax.vmap(terms))(np.concatenate([circle, wall])))
    wanted = np.concatenate([np.full(NODES, -1.0), np.zeros(NODES)])
    return Harmonic(jnp.asarray(np.linalg.lstsq(matrix, wanted)[0]), space)


def terms(x: Float[Array, " 2"]) -> Float[Array, " n"]:
    """log|w|, Re w^-1, Re w^-2, ..., summed over the images of a disc, and Re z^0, Re z^4, Re z^8, ...

    Images have the sign +1, mirrored in a wall -1. w = (z - c) / R is turned so that its real axis is the diagonal, z is
    in a unit in which its powers stay small.
    """
    images = (
        jnp.asarray([0, 0, 2 * HALF, 2 * HALF], x.dtype)[:, None] + jnp.asarray([1, -1, -1, 1], x.dtype)[:, None] * x
    )
    signs = jnp.asarray([1, 1, -1, -1], x.dtype)
    offset = (images - CENTRE) / RADIUS
    a, b = jnp.meshgrid(offset[:, 0], offset[:, 1], indexing="ij")
    poles = _powers((a + b) / np.sqrt(2), (b - a) / np.sqrt(2), -jnp.arange(1, 1 + POLES))
    logarithm = jnp.log(a**2 + b**2)[..., None] / 2
    summed = jnp.einsum("i,j,ijn->n", signs, signs, jnp.concatenate([logarithm, poles], axis=-1))
    return jnp.concatenate([summed, _powers(*(x / (1.5 * HALF)), 4 * jnp.arange(1 + POWERS))])


def _powers(a: Float[Array, "*m"], b: Float[Array, "*m"], n: Int[Array, " n"]) -> Float[Array, "*m n"]:
    """Re (a + i b)^n"""
    size = jnp.log(jnp.maximum(a**2 + b**2, 1e-30)) / 2
    return jnp.exp(n * size[..., None]) * jnp.cos(n * jnp.arctan2(b, a)[..., None])
