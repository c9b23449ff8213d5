"""Log-signatures of depth one and two, and the log-ODE method, which drives an equation by one of them a window.

Morrill, Salvi, Kidger & Foster, "Neural rough differential equations for long time series", ICML 2021.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces.control_path import ControlPath, linear_path

DEPTHS = (1, 2)
CDEField = Callable[[Float[Array, " hidden"]], Float[Array, "hidden channel"]]


def log_signature_size(channels: int, depth: int) -> int:
    """How many numbers a log-signature has: c, and with the areas c (c - 1) / 2 more."""
    _check(depth)
    return channels if depth == 1 else channels * (channels + 1) // 2


def log_signature(values: Float[Array, "knot channel"], depth: int) -> Float[Array, " signature"]:
    """Of the path that is linear between ``values``: its increment, and with depth 2 its Levy areas.

    A_ij = 1/2 int (X_i - X_i(0)) dX_j - (X_j - X_j(0)) dX_i, for i < j, row by row. Raises `ArgumentError` for another
    depth.
    """
    _check(depth)
    increment = values[-1] - values[0]
    if depth == 1:
        return increment
    i, j = jnp.triu_indices(values.shape[-1], k=1)
    return jnp.concatenate([increment, levy_areas(values)[i, j]])


def levy_areas(values: Float[Array, "knot channel"]) -> Float[Array, "channel channel"]:
    """The antisymmetric matrix A of the areas between the path and its chord, exact for a path that is linear between
    its values.
    """
    # Over one piece the integral of (X_i - X_i(0)) dX_j - (X_j - X_j(0)) dX_i needs X at the start of the piece alone.
    moments = (values[:-1] - values[0]).T @ jnp.diff(values, axis=0)
    return 0.5 * (moments - moments.T)


def log_signature_path(path: ControlPath, window: int, depth: int = 2) -> ControlPath:
    """The path whose increments are the log-signatures of windows of ``window`` pieces of another one.

    A controlled equation that it drives makes one step of the log-ODE method a window, with a field that is learnt for
    every entry of the log-signature. Pieces of a cubic are taken as straight. The last window may be shorter; after the
    end of the series the path stays where it is.
    """
    if window < 1:
        raise ArgumentError(f"A window of the log-ODE method has one piece or more, got {window}.")
    pieces = path.pieces.a.shape[0]
    windows = -(-pieces // window)
    counted = jnp.where(jnp.arange(pieces)[:, None] < path.last, path.increments, 0)
    steps = jnp.pad(counted, ((0, windows * window - pieces), (0, 0))).reshape(windows, window, -1)

    def of_window(steps: Float[Array, "piece channel"]) -> Float[Array, " signature"]:
        return log_signature(jnp.concatenate([jnp.zeros_like(steps[:1]), jnp.cumsum(steps, axis=0)]), depth)

    signatures = jax.vmap(of_window)(steps)
    start = jnp.zeros_like(signatures[:1]).at[0, : path.channels].set(path.pieces.a[0])
    values = jnp.concatenate([start, start + jnp.cumsum(signatures, axis=0)])
    knots = path.knots[jnp.minimum(jnp.arange(windows + 1) * window, pieces)]
    return linear_path(knots, values, -(-path.last // window), path.series)


def log_ode_field(field: CDEField, values: Float[Array, "knot channel"], depth: int) -> Callable:
    """The vector field of diffrax whose flow over unit time is one step of the log-ODE method for dz = field(z) dX.

    g(z) = sum_i f_i(z) dX_i + sum_i<j A_ij [f_i, f_j](z) with the brackets [f, g] = Dg f - Df g, on the path that is
    linear between ``values``.
    """
    _check(depth)
    increment = values[-1] - values[0]
    if depth == 1:
        return lambda t, z, args: field(z) @ increment
    area = levy_areas(values)

    def vector_field(t, z, args):
        # sum_i<j A_ij (Df_j f_i - Df_i f_j) is sum_ij A_ij Df_j f_i, as A is antisymmetric.
        return field(z) @ increment + jnp.einsum("kjl,lj->k", jax.jacfwd(field)(z), field(z) @ area)

    return vector_field


def _check(depth: int) -> None:
    if depth not in DEPTHS:
        raise ArgumentError(f"Log-signatures are of depth 1 or 2, got {depth}.")
