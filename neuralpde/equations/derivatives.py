"""Derivatives of functions at a point, as functions again: what residuals of equations are written with."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from .equation import PointFunction


def partial(u: PointFunction, axis: int, order: int = 1) -> PointFunction:
    """Derivative of each component of ``u`` along one coordinate, by forward automatic differentiation."""
    if order == 0:
        return u

    def derivative(x):
        direction = jnp.zeros_like(x).at[axis].set(1)
        return jax.jvp(partial(u, axis, order - 1), (x,), (direction,))[1]

    return derivative


def laplacian(u: PointFunction) -> PointFunction:
    """Sum of the second derivatives in space; the last coordinate is time."""
    return lambda x: sum(partial(u, axis, 2)(x) for axis in range(x.shape[0] - 1))


def gradient(u: PointFunction) -> PointFunction:
    """Derivatives in space, (axis, component); the last coordinate is time."""
    return lambda x: jnp.stack([partial(u, axis)(x) for axis in range(x.shape[0] - 1)])


def rate(u: PointFunction) -> PointFunction:
    """Derivative in time, the last coordinate."""
    return partial(u, -1)
