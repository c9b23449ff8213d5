"""Noise with a power law as its spectrum and no waves longer than a few times its scale."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .field import Field
from .grid import Grid
from .random_field import AbstractPrior
from .series import eigenfunctions
from .space import FunctionSpace


class PowerNoise(AbstractPrior):
    """Random functions, periodic over a box, of variance one over it times ``amplitude`` squared.

    Coefficients are independent and Gaussian with a standard deviation proportional to ``(scale^2 k^2)^-smoothness``
    at wavenumber k in cycles per unit of length, without those of ``scale^2 k^2 <= 0.1``. ``modes`` is the number of
    eigenfunctions an axis. Such are the states and forces of flow benchmarks that were made with PhiFlow, among them
    PDEArena's smoke (Gupta & Brandstetter, TMLR 2023) and PDEBench's forced flow (Takamoto et al., NeurIPS 2022).
    """

    space: FunctionSpace = eqx.field(static=True)
    scale: float = eqx.field(static=True)
    smoothness: float = eqx.field(static=True)
    amplitude: float = 1.0
    modes: int = eqx.field(static=True, default=33)

    def sample(self, key: PRNGKeyArray, on: Grid) -> Field:
        """One function, its components independent; the same on every grid of a box for one key."""
        keys = jax.random.split(key, self.space.channels)
        parts = [power_noise(k, on, self.scale, self.smoothness, self.modes) for k in keys]
        return Field(self.amplitude * jnp.stack(parts, axis=-1), on, self.space)


def power_noise(
    key: PRNGKeyArray, on: Grid, scale: float, smoothness: float, modes: int = 33
) -> Float[Array, "*point"]:
    """One component of `PowerNoise`, of variance one."""
    series = [eigenfunctions(axis, "fourier", modes) for axis in on.domain.axes]
    k2, norm2 = jnp.zeros(()), jnp.ones(())
    for s in series:
        k2, norm2 = k2[..., None] + (s.kappa / (2 * jnp.pi)) ** 2, norm2[..., None] * s.norm2
    relative = scale**2 * k2
    kept = relative > 0.1
    weight = jnp.where(kept, jnp.where(kept, relative, 1.0) ** -smoothness, 0.0) / jnp.sqrt(norm2)
    noise = weight * jax.random.normal(key, weight.shape)
    noise = noise * jnp.sqrt(on.domain.volume / jnp.sum(noise**2 * norm2))
    for axis, s in enumerate(series):
        noise = jnp.moveaxis(jnp.tensordot(s.basis(on.axis_coords(axis)), noise, axes=(1, axis)), 0, axis)
    return noise
