"""Normalisation of one function by its own mean and variance over the domain."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractDiscretization


class InstanceNorm(eqx.Module):
    """``gamma (v - mean) / sqrt(var + eps) + beta``, channel by channel, with gamma and beta learned.

    Mean and variance are integrals over the domain by the quadrature of the discretisation (weights on grids and
    points alike): the statistics of the function, not of its samples.
    """

    gamma: Float[Array, " c"]
    beta: Float[Array, " c"]
    eps: float = eqx.field(static=True)

    def __init__(self, channels: int, *, eps: float = 1e-5):
        self.gamma, self.beta, self.eps = jnp.ones(channels), jnp.zeros(channels), eps

    def __call__(self, v: Float[Array, "*n c"], on: AbstractDiscretization) -> Float[Array, "*n c"]:
        """Apply to the values of one field on ``on``."""
        # The weights of points need not add up to the volume exactly.
        volume = jnp.sum(on.weights()).astype(v.dtype)
        mean = on.integrate(v) / volume
        variance = on.integrate((v - mean) ** 2) / volume
        return self.gamma * (v - mean) / jnp.sqrt(variance + self.eps) + self.beta
