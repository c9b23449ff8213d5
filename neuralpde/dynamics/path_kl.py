"""The Kullback-Leibler divergence of two diffusions with one noise, along the way."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from .solve import VectorField

WithDivergence = tuple[Float[Array, " c"], Float[Array, ""]]
"""A state, and the divergence so far."""


def with_path_kl(posterior: VectorField, prior: VectorField, diffusion: VectorField) -> tuple[VectorField, VectorField]:
    """Drift and diffusion of ``(z, kl)``: z follows the posterior, and kl, which has no noise, adds up

    ``1/2 |g^-1 (f - h)|^2 dt``

    for dz = f dt + g dW under the posterior and h dt + g dW under the prior, g diagonal. Its mean at the end is the
    divergence of the two laws of paths from one initial state, by Girsanov's theorem (Li, Wong, Chen & Duvenaud,
    "Scalable gradients for stochastic differential equations", AISTATS 2020, equation 10). All three are functions of
    (t, z, args) with values of the shape of z, and g is nowhere zero.
    """

    def drift(t: Any, state: WithDivergence, args: Any) -> WithDivergence:
        z, _ = state
        f = posterior(t, z, args)
        u = (f - prior(t, z, args)) / diffusion(t, z, args)
        return f, 0.5 * jnp.sum(u**2)

    def noise(t: Any, state: WithDivergence, args: Any) -> WithDivergence:
        z, kl = state
        return diffusion(t, z, args), jnp.zeros_like(kl)

    return drift, noise
