"""Traces of the Jacobian of a vector field: the rate at which a flow changes densities."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Point = Float[Array, " d"]


def exact_trace(f: Callable[[Point], Point], z: Point) -> tuple[Point, Float[Array, ""]]:
    """f(z) and tr(df/dz), by one derivative along each axis."""
    value, push = jax.linearize(f, z)
    return value, jnp.trace(jax.vmap(push)(jnp.eye(z.size, dtype=z.dtype)))


def hutchinson_trace(f: Callable[[Point], Point], z: Point, probe: Point) -> tuple[Point, Float[Array, ""]]:
    """f(z) and e^T (df/dz) e by one product: its mean over e of covariance one is the trace (Hutchinson 1990).

    With random signs the variance is 2 times the sum of squares off the diagonal of the Jacobian's symmetric part.
    """
    value, pull = jax.vjp(f, z)
    return value, pull(probe)[0] @ probe


def bottleneck_trace(
    narrow: Callable[[Point], Float[Array, " h"]],
    widened: Callable[[Float[Array, " h"]], Point],
    z: Point,
    probe: Float[Array, " h"],
) -> tuple[Point, Float[Array, ""]]:
    """f(z) for f = widened(narrow) and e^T (dnarrow/dz) (dwidened/dh) e for a probe in the narrow space.

    The trace of a product does not mind its order: with h < d the estimate varies less (FFJORD, section 3.1.1).
    """
    h, push_narrow = jax.linearize(narrow, z)
    value, pushed = jax.jvp(widened, (h,), (probe,))
    return value, push_narrow(pushed) @ probe
