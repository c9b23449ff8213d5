"""Derivatives of an operator's outputs in the coordinates, for many functions at shared points.

Zero coordinate shift: all points are moved together by one vector z, so that a derivative in a coordinate is one in a
component of z at z = 0 (Leng, Shankar & Thiyagalingam, J. Comput. Phys. 505 (2024) 112904).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDiscretization, Field, Points

from .operator import AbstractOperator

Along = tuple[int, ...]


def derivatives(
    operator: AbstractOperator, inputs: Field, on: AbstractDiscretization, along: Sequence[Along]
) -> dict[Along, Float[Array, "functions *n c"]]:
    """Derivatives of ``operator(u)`` in the coordinates, for all stacked ``inputs`` u at the points of ``on``.

    ``along`` lists derivatives by the axes to differentiate along, in the domain's units: ``()`` is the value, ``(0,)``
    is u_x, ``(0, 0)`` is u_xx and ``(0, 1)`` is u_xt for axes x, t. Each is a nest of ``jax.jvp`` in z, which carries
    the points' tangents, not those of every pair of a function and a point: a trunk net is differentiated once for
    all functions. Outputs that are interpolated from a grid are differentiated as interpolants.

    Raises ``ValueError`` for an axis that the target does not have.
    """
    space = operator.target
    if any(axis not in range(space.dim) for axes in along for axis in axes):
        raise ArgumentError(
            f"along={list(along)} has to name axes 0 to {space.dim - 1} of the target's {space.domain.names}."
        )
    x, weights = on.coords().reshape(-1, space.dim), on.weights().reshape(-1)

    def values(z: Float[Array, " d"]) -> Float[Array, "functions *n c"]:
        moved = Points(x + z, on.domain, weights)
        v = jax.vmap(lambda u: operator(u, moved).values)(inputs)
        return v.reshape(len(v), *on.shape, -1)

    zero = jnp.zeros(space.dim, x.dtype)
    return {axes: _directional(values, axes)(zero) for axes in along}


def _directional(f: Callable[[Array], Array], axes: Along) -> Callable[[Array], Array]:
    for axis in axes:
        f = _derivative(f, axis)
    return f


def _derivative(f: Callable[[Array], Array], axis: int) -> Callable[[Array], Array]:
    return lambda z: jax.jvp(f, (z,), (jnp.zeros_like(z).at[axis].set(1),))[1]
