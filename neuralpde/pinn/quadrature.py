"""Integrals inside residuals: integro-differential terms and integral conditions."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError

Bound = Float[Array, ""] | float | int


def integral(
    f: Callable[[Float[Array, ""]], Float[Array, "*c"]], lower: Bound, upper: Bound, nodes: int = 16
) -> Float[Array, "*c"]:
    """Integral of ``f`` between two bounds, which may depend on the point, by Gauss-Legendre quadrature.

    Exact for polynomials of degree ``2 nodes - 1``; differentiable in the bounds. In a residual:
    ``u_t(x) - integral(lambda s: jnp.exp(s - x[0]) * u(s[None]), 0.0, x[0])``.
    """
    x, w = interval_rule(nodes)
    lower, upper = jnp.asarray(lower, float), jnp.asarray(upper, float)
    s = lower + (upper - lower) * x
    return (upper - lower) * jnp.tensordot(w, jax.vmap(f)(s), axes=1)


def interval_rule(nodes: int) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Gauss-Legendre nodes and weights on [0, 1]."""
    if nodes < 1:
        raise ArgumentError(f"A quadrature rule needs at least one node, got nodes={nodes}.")
    x, w = np.polynomial.legendre.leggauss(nodes)
    return jnp.asarray((x + 1) / 2, float), jnp.asarray(w / 2, float)
