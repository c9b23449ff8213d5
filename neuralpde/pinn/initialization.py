"""Least squares for the parameters that a network depends on linearly, before training starts.

With the last layer fitted to initial and boundary data, or to a linear equation, a network starts from the best answer
that its features give (physics-informed initialisation: Wang, Li, Chen & Perdikaris, 2024, arXiv 2402.00326, section 4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

Model = TypeVar("Model")


def fit_linear(
    model: Model,
    where: Callable[[Model], Any],
    residuals: Callable[[Model], Array],
    rcond: float | None = None,
) -> Model:
    """``model`` with the arrays ``where(model)`` set to the least-squares solution of ``residuals(model) = 0``.

    ``residuals`` has to be affine in these arrays, ``r(theta) = J theta + r(0)``, as values and derivatives of a network
    are in its last layer: misfits of initial and boundary data, and residuals of a linear equation, one after the other
    and scaled by their weights. Of several solutions the one of least norm; singular values of J below ``rcond`` times the
    largest count as zero (by default round-off).
    """
    flat, unravel = ravel_pytree(where(model))
    r = lambda theta: jnp.ravel(residuals(eqx.tree_at(where, model, unravel(theta))))
    zero = jnp.zeros_like(flat)
    theta = jnp.linalg.lstsq(jax.jacfwd(r)(zero), -r(zero), rcond=rcond)[0]
    return eqx.tree_at(where, model, unravel(theta))


def fit_head(network: Model, x: Float[Array, "n d"], values: Float[Array, "n c"], rcond: float | None = None) -> Model:
    """``network`` with its last layer ``network.head`` fitted to values at points: an initial condition, or data.

    For a `neuralpde.nn.PirateNet` at its start, and any other network with a linear ``head``.
    """

    def where(network):
        return [p for p in (network.head.weight, network.head.bias) if p is not None]

    return fit_linear(network, where, lambda network: jax.vmap(network)(x) - values, rcond)
