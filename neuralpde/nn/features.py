"""Coordinate features: what a coordinate network sees of a point."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import Box

from .frozen import Frozen


class PeriodicFeatures(eqx.Module):
    """Coordinates of a box for a network that is exactly periodic where the box is.

    Each periodic coordinate becomes cos and sin of ``2 pi k (x - a) / L`` for k = 1..harmonics; the others are
    mapped to [-1, 1].
    """

    box: Box = eqx.field(static=True)
    harmonics: int = eqx.field(static=True, default=1)

    @property
    def size(self) -> int:
        """Number of features of one point."""
        return sum(2 * self.harmonics if axis.periodic else 1 for axis in self.box.axes)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " size"]:
        unit = self.box.normalize(x)
        k = jnp.arange(1, self.harmonics + 1, dtype=unit.dtype)
        features = []
        for i, axis in enumerate(self.box.axes):
            if axis.periodic:
                # normalize maps one period to a length of two.
                phase = jnp.pi * k * (unit[i] + 1)
                features += [jnp.cos(phase), jnp.sin(phase)]
            else:
                features.append(unit[i : i + 1])
        return jnp.concatenate(features)


class FourierFeatures(eqx.Module):
    """Random Fourier features ``[cos 2 pi B x, sin 2 pi B x]`` with fixed B ~ N(0, scale^2).

    Tancik et al., NeurIPS 2020, equation 5. ``x`` is taken as it comes: normalise it before.
    """

    frequencies: Frozen

    def __init__(self, in_size: int, count: int, scale: float = 1.0, *, key: PRNGKeyArray):
        self.frequencies = Frozen(scale * jax.random.normal(key, (count, in_size)))

    @property
    def size(self) -> int:
        """Number of features of one point."""
        return 2 * self.frequencies.value.shape[0]

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " size"]:
        phase = 2 * jnp.pi * jax.lax.stop_gradient(self.frequencies.value) @ x
        return jnp.concatenate([jnp.cos(phase), jnp.sin(phase)])


class SinusoidalFeatures(eqx.Module):
    """``[sin(2^k pi x_j), cos(2^k pi x_j)]`` for k = 0..octaves-1 and every coordinate, mapped to [-1, 1] on ``box``.

    Mildenhall et al., ECCV 2020, equation 4: a positional encoding that is a function of position, so it is the same
    on every grid. Periodic coordinates stay periodic.
    """

    box: Box = eqx.field(static=True)
    octaves: int = eqx.field(static=True, default=4)

    @property
    def size(self) -> int:
        """Number of features of one point."""
        return 2 * self.octaves * self.box.dim

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " size"]:
        phase = jnp.pi * 2.0 ** jnp.arange(self.octaves) * self.box.normalize(x)[:, None]
        return jnp.concatenate([jnp.sin(phase), jnp.cos(phase)]).reshape(-1)
