"""Halton points, scrambled on the device."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .sampler import AbstractSampler

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)


@dataclasses.dataclass(frozen=True)
class Halton(AbstractSampler):
    """Radical inverses of the index in prime bases, one a coordinate, with randomly scrambled digits.

    Digit d at place k becomes ``(a_k d + b_k) mod p``, a_k from 1 to p - 1 and b_k from 0 to p - 1 (random linear scrambling:
    Owen, arXiv 1706.02808, section 2): unscrambled, coordinates of large bases are nearly proportional. Good for any n;
    error near n^-1. Up to 20 coordinates; ``ValueError`` beyond.
    """

    def unit(self, key: PRNGKeyArray, n: int, dim: int) -> Float[Array, "n dim"]:
        if dim > len(PRIMES):
            raise ArgumentError(f"Halton points are given for up to {len(PRIMES)} coordinates, got {dim}; use Lattice.")
        keys = jax.random.split(key, dim)
        return jnp.stack([_scrambled(k, n, p) for k, p in zip(keys, PRIMES[:dim], strict=True)], axis=1)


def _scrambled(key: PRNGKeyArray, n: int, p: int) -> Float[Array, " n"]:
    places = max(math.ceil(24 / math.log2(p)), math.ceil(math.log(max(n, 2), p)))
    key_factor, key_shift, key_rest = jax.random.split(key, 3)
    factor = jax.random.randint(key_factor, (places,), 1, p)
    shift = jax.random.randint(key_shift, (places,), 0, p)
    # The largest power is at most p times 2^24 or n: 32 bits hold it.
    digits = jnp.arange(n)[:, None] // jnp.asarray([p**k for k in range(places)]) % p
    scrambled = (factor * digits + shift) % p
    # The digits beyond are the same random ones for all points.
    rest = jax.random.uniform(key_rest) * float(p) ** -places
    return scrambled @ jnp.asarray(float(p) ** -np.arange(1, places + 1), float) + rest
