"""Latin hypercubes."""

from __future__ import annotations

import dataclasses

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from .sampler import AbstractSampler


@dataclasses.dataclass(frozen=True)
class LatinHypercube(AbstractSampler):
    """One point in each of n equal slices of every coordinate, paired at random (McKay, Beckman & Conover 1979).

    The error is of order n^-3/2 for sums of smooth functions of single coordinates, and never much above that of
    independent points.
    """

    @property
    def extensible(self) -> bool:
        """No: a part of a hypercube leaves slices empty."""
        return False

    def unit(self, key: PRNGKeyArray, n: int, dim: int) -> Float[Array, "n dim"]:
        key_order, key_place = jax.random.split(key)
        slices = jax.vmap(lambda k: jax.random.permutation(k, n))(jax.random.split(key_order, dim))
        return (slices.T + jax.random.uniform(key_place, (n, dim))) / n
