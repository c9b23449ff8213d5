"""Unbiased estimates of second-order operators in many dimensions from a few random directions.

Hu, Shi, Karniadakis & Kawaguchi, "Stochastic Taylor derivative estimator: efficient amortization for arbitrary
differential operators", NeurIPS 2024, arXiv 2412.00088. Each direction is one more vector through the network, and the
sum over directions another one: m + 2 vectors, whatever the dimension.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .derivatives import Axes, directional
from .equation import PointFunction

Probes = tuple[Float[Array, "m d"], Float[Array, " m"]]
"""Random vectors v_i and weights w_i; the mean of ``sum_i w_i v_i v_i^T`` is the identity."""


def axis_probes(key: PRNGKeyArray, dim: int, count: int) -> Probes:
    """``count`` different axes, drawn uniformly, of weight dim / count: sparse directions.

    The estimate of a trace has no error where ``count`` is ``dim``, and none for a matrix whose diagonal is constant.
    """
    if not 1 <= count <= dim:
        raise ArgumentError(f"From {dim} axes 1 to {dim} different ones can be drawn, got count={count}.")
    drawn = jax.random.choice(key, dim, (count,), replace=False)
    return (drawn[:, None] == jnp.arange(dim)).astype(float), jnp.full(count, dim / count)


def sign_probes(key: PRNGKeyArray, dim: int, count: int) -> Probes:
    """``count`` vectors of random signs of weight 1 / count (Hutchinson): dense directions.

    The variance of the estimate of a trace is ``2 / count`` times the sum of squares off the diagonal of the matrix.
    """
    return jax.random.rademacher(key, (count, dim), float), jnp.full(count, 1 / count)


def sampled_laplacian(
    u: PointFunction,
    key: PRNGKeyArray,
    count: int,
    axes: Axes = None,
    probes: Callable[[PRNGKeyArray, int, int], Probes] = axis_probes,
) -> PointFunction:
    """An unbiased estimate of the Laplacian in space (the last coordinate is time), or in the coordinates ``axes``.

    One key gives the same directions at every point; split it for directions that are independent.
    """

    def estimate(x):
        coordinates = jnp.arange(len(x) - 1) if axes is None else jnp.asarray(tuple(axes))
        vectors, weights = probes(key, len(coordinates), count)
        embedded = jnp.zeros((count, len(x)), x.dtype).at[:, coordinates].set(vectors.astype(x.dtype))
        return directional(u, embedded, 2, weights.astype(x.dtype))(x)

    return estimate


def sampled_second_order(
    u: PointFunction,
    sigma: Float[Array, "d r"],
    key: PRNGKeyArray,
    count: int,
    probes: Callable[[PRNGKeyArray, int, int], Probes] = axis_probes,
) -> PointFunction:
    """An unbiased estimate of ``sum_ij (sigma sigma^T)_ij d_i d_j u``: the diffusion of dX = ... + sigma dW, times two.

    The directions are ``sigma v``: columns of sigma, for `axis_probes`.
    """
    vectors, weights = probes(key, sigma.shape[1], count)
    return directional(u, vectors.astype(sigma.dtype) @ sigma.T, 2, weights.astype(sigma.dtype))
