"""Coordinates as input of networks that act on the channels at each point."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import Box, Field


def with_coordinates(u: Field) -> Float[Array, "*n c"]:
    """The values of a field, followed by its coordinates mapped to [-1, 1]."""
    x = u.space.domain.bounds.normalize(u.on.coords()).astype(u.values.dtype)
    return jnp.concatenate([u.values, x], axis=-1)


def with_places(u: Field) -> Float[Array, "*n c"]:
    """The values of a field, followed by its coordinates as functions on the domain, `place_size` of them.

    Coordinates are mapped to [-1, 1]; of a periodic one, which jumps where the circle closes, cosine and sine of its
    turn are taken. Sums over points of what is made of them converge as fast as the quadrature does.
    """
    box = u.space.domain.bounds
    x = box.normalize(u.on.coords()).astype(u.values.dtype)
    places = [
        jnp.stack([jnp.cos(jnp.pi * z), jnp.sin(jnp.pi * z)], axis=-1) if axis.periodic else z[..., None]
        for axis, z in zip(box.axes, jnp.moveaxis(x, -1, 0), strict=True)
    ]
    return jnp.concatenate([u.values, *places], axis=-1)


def place_size(box: Box) -> int:
    """How many channels `with_places` adds: one for each axis, two for a periodic one."""
    return sum(2 if axis.periodic else 1 for axis in box.axes)


def waves(box: Box, x: Float[Array, "*n d"], harmonics: int) -> Float[Array, "*n f"]:
    """A positional encoding: cos and sin of the first harmonics of each coordinate, 2 d ``harmonics`` features.

    Of a periodic coordinate they are functions on the circle, ``2 pi k (x - a) / L``; of another one they have twice
    the period, ``pi k (x - a) / L``, and tell its two ends apart.
    """
    unit = (box.normalize(x) + 1) / 2
    turns = jnp.asarray([2.0 if axis.periodic else 1.0 for axis in box.axes], unit.dtype)
    phase = jnp.pi * (turns * unit)[..., None] * jnp.arange(1, harmonics + 1, dtype=unit.dtype)
    phase = phase.reshape(*phase.shape[:-2], -1)
    return jnp.concatenate([jnp.cos(phase), jnp.sin(phase)], axis=-1)
