"""Normalisers: invertible layers of a model, saved and exported with it."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractDiscretization, Field

from .frozen import Frozen


class Standardize(eqx.Module):
    """``encode(u) = (u - mean) / std`` and its inverse; channel by channel, or point by point.

    The statistics are either numbers, one a channel, or Fields, which are resampled to wherever ``u`` lives, so a
    normaliser fitted on one grid serves all others.
    """

    statistics: Frozen

    def __init__(self, mean: Float[Array, " c"] | Field, std: Float[Array, " c"] | Field):
        self.statistics = Frozen((mean, std))

    @classmethod
    def fit(cls, fields: Field, per_point: bool = False) -> Standardize:
        """Statistics of many functions, stacked along a leading sample axis (`Field.stack`).

        One mean and standard deviation a channel over samples and points; or, with ``per_point``, over the
        samples at each point.
        """
        values = jnp.asarray(fields.values)
        axes = (0,) if per_point else tuple(range(values.ndim - 1))
        mean, std = jnp.mean(values, axes), jnp.std(values, axes)
        # A constant channel (or a wall where u = 0) has no spread: it is only shifted.
        std = jnp.where(std > 1e-6 * jnp.max(jnp.abs(values)), std, 1.0)
        if per_point:
            return cls(Field(mean, fields.on, fields.space), Field(std, fields.on, fields.space))
        return cls(mean, std)

    def encode(self, u: Field) -> Field:
        """Physical units to standard ones."""
        mean, std = self._at(u.on)
        return u.with_values((u.values - mean) / std)

    def decode(self, u: Field) -> Field:
        """Standard units to physical ones."""
        mean, std = self._at(u.on)
        return u.with_values(u.values * std + mean)

    def at_point(self, x: Float[Array, " d"]) -> tuple[Float[Array, " c"], Float[Array, " c"]]:
        """Mean and standard deviation at one point."""
        mean, std = jax.lax.stop_gradient(self.statistics.value)
        if isinstance(mean, Field):
            return mean.at(x[None], "linear")[0], std.at(x[None], "linear")[0]
        return mean, std

    def _at(self, on: AbstractDiscretization) -> tuple[Array, Array]:
        mean, std = jax.lax.stop_gradient(self.statistics.value)
        if isinstance(mean, Field):
            # Linear weights are positive, so an interpolated deviation stays positive.
            return mean.resample(on, "linear").values, std.resample(on, "linear").values
        return mean, std
