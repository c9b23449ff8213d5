"""Underdamped Langevin dynamics: positions in a potential, with friction and noise on their velocities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError

from .brownian import Diffusion
from .solve import VectorField

Potential = Callable[[Float[Array, " c"]], Float[Array, ""]]
Push = Callable[[Any, Any], Float[Array, " c"]]


class CoupledOscillators(eqx.Module):
    """U(z) = z . (w * z), z as ``channels`` rows of sites: each site is coupled to itself and its two neighbours.

    w (channels, channels, 3) is the convolution along the sites, zero beyond their ends, by the learned kernel divided by
    its norm where that is more than one: forces are bounded by the distance. At first it is zero, the free particle.
    The potential of LangevinFlow (Song, Keller, Yue, Perona & Welling, CCN 2025).

    Raises ``ArgumentError`` unless the channels divide the size.
    """

    kernel: Float[Array, "channel channel 3"]

    def __init__(self, size: int, channels: int = 4):
        if size % channels:
            raise ArgumentError(f"CoupledOscillators: {channels} channels do not divide a state of {size} components.")
        self.kernel = jnp.zeros((channels, channels, 3))

    def __call__(self, z: Float[Array, " c"]) -> Float[Array, ""]:
        sites = z.reshape(1, len(self.kernel), -1)
        weights = self.kernel / jnp.sqrt(jnp.maximum(1.0, jnp.sum(self.kernel**2)))
        return jnp.sum(sites * jax.lax.conv_general_dilated(sites, weights, (1,), "SAME"))


def langevin_step(
    potential: Potential,
    z: Float[Array, " c"],
    v: Float[Array, " c"],
    kick: Float[Array, " c"],
    step: float = 0.01,
    friction: float = 0.55,
) -> tuple[Float[Array, " c"], Float[Array, " c"]]:
    """One bin of LangevinFlow: z + step v, v - step U'(z), then (1 - friction) v + kick.

    Kicks are N(0, 2 friction) for each bin, whatever the ``step``. The velocity of a free particle then has the variance
    2 / (2 - friction) in the long run, not one as in continuous time; without friction and kicks the step is symplectic.
    """
    z = z + step * v
    v = v - step * jax.grad(potential)(z)
    return z, (1 - friction) * v + kick


def langevin_sde(potential: Potential, friction: float, push: Push | None = None) -> tuple[VectorField, Diffusion]:
    """Drift and diffusion of (z, v) for `solve_sde`:

        dz = v dt,   dv = (-U'(z) - friction v + push(t, args)) dt + (2 friction)^(1/2) dW

    friction: 1 / time. Without ``push`` the stationary density is e^(-U(z) - |v|^2 / 2).
    """

    def drift(t: Any, state: Any, args: Any) -> tuple[Array, Array]:
        z, v = state
        rate = -jax.grad(potential)(z) - friction * v
        return v, rate if push is None else rate + push(t, args)

    def diffusion(t: Any, state: Any, args: Any) -> tuple[Array, Array]:
        z, v = state
        return jnp.zeros_like(z), jnp.full_like(v, (2 * friction) ** 0.5)

    return drift, diffusion
