"""Scattered points: collocation points, sensors, mesh vertices."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .discretization import AbstractDiscretization
from .domain import AbstractDomain


class Points(AbstractDiscretization):
    """Points ``x`` of shape (n, d) with quadrature weights of shape (n,).

    Left out, the weights are equal and add up to the volume of the domain (Monte Carlo quadrature). ``mask``
    marks the points that count; the weight of the others is zero.
    """

    x: Float[Array, "n d"]
    w: Float[Array, " n"]
    mask: Bool[Array, " n"] | None
    domain: AbstractDomain = eqx.field(static=True)

    def __init__(self, x, domain: AbstractDomain, weights=None, mask=None):
        x = jnp.asarray(x, dtype=float)
        if x.ndim != 2 or x.shape[1] != domain.dim:
            raise ArgumentError(f"Points on {domain.names} need x of shape (n, {domain.dim}), got {x.shape}.")
        if weights is None:
            counted = x.shape[0] if mask is None else jnp.sum(jnp.asarray(mask))
            weights = jnp.broadcast_to(domain.volume / counted, x.shape[:1])
        weights = jnp.asarray(weights, x.dtype)
        if weights.shape != x.shape[:1]:
            raise ArgumentError(f"Points need one weight a point, {x.shape[:1]}, got {weights.shape}.")
        if mask is not None:
            mask = jnp.asarray(mask, bool)
            weights = jnp.where(mask, weights, 0.0)
        self.x, self.w, self.mask, self.domain = x, weights, mask, domain

    @classmethod
    def random(cls, domain: AbstractDomain, n: int, *, key: PRNGKeyArray) -> Points:
        """``n`` independent uniform points of the interior."""
        return cls(domain.sample(key, n), domain)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.x.shape[:1]

    def coords(self) -> Float[Array, "n d"]:
        return jnp.asarray(self.x)  # as it was read, it may lie in the memory of the host

    def weights(self) -> Float[Array, " n"]:
        return self.w
