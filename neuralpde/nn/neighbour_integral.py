"""Kernel integrals over neighbours within a radius, between any two discretisations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import AbstractDiscretization, AbstractDomain

from .activation import gelu
from .features import PeriodicFeatures
from .neighbours import Neighbours
from .pointwise import Pointwise


class NeighbourIntegral(eqx.Module):
    """``(K v)(x) = int w kappa(x, y, a(y)) v(y) dy / int w dy`` over the ball ``|(y - x) / radius| < 1``.

    kappa is a network with one hidden layer that gives a factor for each channel; it sees y as `PeriodicFeatures` do,
    ``z = (y - x) / radius`` and a(y). The window ``w = (1 - |z|^2)^2`` lets neighbours come and go continuously. The
    integrals are sums with the quadrature weights D_j, so that a point given twice with half its weight counts once.
    Their quotient is a mean of messages: near walls, and on uneven points, it keeps its size.

    Graph kernel of Li et al., arXiv 2003.03485, with a diagonal kappa as in GINO (Li et al., NeurIPS 2023, arXiv
    2309.00583). Memory grows with queries times neighbours times ``hidden``.
    """

    of_source: Pointwise
    of_offset: Pointwise
    out: Pointwise

    def __init__(
        self, domain: AbstractDomain, channels: int, *, conditions: int = 0, hidden: int = 32, key: PRNGKeyArray
    ):
        """``conditions`` counts the channels of a."""
        key_source, key_offset, key_out = jax.random.split(key, 3)
        self.of_source = Pointwise(PeriodicFeatures(domain.bounds).size + conditions, hidden, key=key_source)
        self.of_offset = Pointwise(domain.dim, hidden, use_bias=False, key=key_offset)
        # kappa starts about one: K is at first a mean over the ball.
        out = Pointwise(hidden, channels, key=key_out)
        self.out = eqx.tree_at(lambda p: p.bias, out, jnp.ones(channels))

    def __call__(
        self,
        v: Float[Array, "n c"],
        on: AbstractDiscretization,
        near: Neighbours,
        a: Float[Array, "n conditions"] | None = None,
    ) -> Float[Array, "m c"]:
        """Values at the queries of ``near`` from values at all points of ``on``, grids flattened.

        A query without neighbours gets zero; one with more neighbours than places gets NaN, because the integral
        without some of them would be wrong.
        """
        seen = point_features(on) if a is None else jnp.concatenate([point_features(on), a], axis=-1)
        source = self.of_source(seen.astype(v.dtype))
        kappa = self.out(gelu(source[near.index] + self.of_offset(near.offset.astype(v.dtype))))
        measure = measures(on, near).astype(v.dtype)
        total = jnp.einsum("mk,mkc,mkc->mc", measure, kappa, v[near.index])
        mass = jnp.sum(measure, axis=1)[:, None]
        mean = jnp.where(mass > 0, total / jnp.where(mass > 0, mass, 1), 0)
        return jnp.where(near.overflow[:, None], jnp.nan, mean)


def measures(on: AbstractDiscretization, near: Neighbours) -> Float[Array, "m k"]:
    """``w(z_j) D_j``, zero for places without a neighbour."""
    window = jnp.maximum(0, 1 - jnp.sum(near.offset**2, axis=-1)) ** 2
    weights = on.weights().reshape(-1)[near.index]
    return jnp.where(near.found, window * weights, 0)


def coverage(on: AbstractDiscretization, near: Neighbours, radius: Sequence[float]) -> Float[Array, " m"]:
    """``int w dy`` over the part of each ball that lies in the domain, over that of a whole ball."""
    d = on.domain.dim
    whole = math.prod(radius) * math.pi ** (d / 2) * 2 / math.gamma(d / 2 + 3)
    return jnp.sum(measures(on, near), axis=1) / whole


def point_features(on: AbstractDiscretization) -> Float[Array, "n f"]:
    """`PeriodicFeatures` of every point, grids flattened."""
    features = PeriodicFeatures(on.domain.bounds)
    return jax.vmap(features)(on.coords().reshape(-1, on.domain.dim))
