"""Sobol points, scrambled on the device."""

from __future__ import annotations

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt

from neuralpde.errors import ArgumentError

from .sampler import AbstractSampler

BITS = 32
# Degree s, inner coefficients a and first numbers m_1..m_s of the primitive polynomials of dimensions 2, 3, ...: Joe & Kuo,
# SIAM J. Sci. Comput. 30 (2008) 2635, table new-joe-kuo-6.
POLYNOMIALS = (
    (1, 0, (1,)),
    (2, 1, (1, 3)),
    (3, 1, (1, 3, 1)),
    (3, 2, (1, 1, 1)),
    (4, 1, (1, 1, 3, 3)),
    (4, 4, (1, 3, 5, 13)),
    (5, 2, (1, 1, 5, 5, 17)),
    (5, 4, (1, 1, 5, 5, 5)),
    (5, 7, (1, 1, 7, 11, 19)),
    (5, 11, (1, 1, 5, 1, 1)),
    (5, 13, (1, 1, 1, 3, 11)),
    (5, 14, (1, 3, 5, 5, 31)),
)
LARGEST_DIM = len(POLYNOMIALS) + 1


@dataclasses.dataclass(frozen=True)
class Sobol(AbstractSampler):
    """Sobol's sequence with a random linear scramble and a random shift of its binary digits.

    Best for n a power of two: then every elementary interval of volume 2^(t - m) holds its share of the n = 2^m points.
    For smooth functions the error is of order n^-3/2, up to logarithms (Matousek, J. Complexity 14 (1998) 527; Owen, Ann.
    Statist. 25 (1997) 1541). Up to 13 coordinates; ``ValueError`` beyond.
    """

    def unit(self, key: PRNGKeyArray, n: int, dim: int) -> Float[Array, "n dim"]:
        key_scramble, key_shift = jax.random.split(key)
        directions = scrambled(key_scramble, jnp.asarray(direction_numbers(dim)))
        shift = jax.random.bits(key_shift, (dim,), jnp.uint32)
        return as_fraction(net(directions, n) ^ shift)


def net(directions: UInt[Array, "bits dim"], n: int) -> UInt[Array, "n dim"]:
    """The first n points, as binary fractions of 32 digits: exclusive sums of the direction numbers of the index's digits."""
    index = jnp.arange(n, dtype=jnp.uint32)[:, None]
    points = jnp.zeros((n, directions.shape[1]), jnp.uint32)
    for digit in range(max(n - 1, 1).bit_length()):
        chosen = (index >> digit) & 1
        points = points ^ (chosen * directions[digit])
    return points


def as_fraction(digits: UInt[Array, "n dim"]) -> Float[Array, "n dim"]:
    """The middle of the interval of all numbers with these first digits: as many as the default float can tell apart."""
    dtype = jnp.zeros((), float).dtype
    kept = BITS if dtype == jnp.float64 else 23
    return ((digits >> (BITS - kept)).astype(dtype) + 0.5) * 2.0**-kept


def scrambled(key: PRNGKeyArray, directions: UInt[Array, "bits dim"]) -> UInt[Array, "bits dim"]:
    """Products with random lower triangular binary matrices, one a coordinate, whose diagonals are one."""
    place = jnp.arange(BITS, dtype=jnp.uint32)
    own = jnp.uint32(1) << (BITS - 1 - place)
    before = ~((own << 1) - 1)  # the digits that are more significant: none before the first, where own << 1 is zero
    rows = (jax.random.bits(key, (directions.shape[1], BITS), jnp.uint32) & before) | own

    def product(vector: UInt[Array, " dim"]) -> UInt[Array, " dim"]:
        parity = jax.lax.population_count(rows & vector[:, None]) & 1
        return jnp.sum(parity * own, axis=1, dtype=jnp.uint32)

    return jax.vmap(product)(directions)


@functools.cache
def direction_numbers(dim: int) -> UInt[np.ndarray, "bits dim"]:
    """Direction numbers of the first ``dim`` coordinates, the most significant digit in the highest bit."""
    if dim > LARGEST_DIM:
        raise ArgumentError(f"Sobol points are given for up to {LARGEST_DIM} coordinates, got {dim}; use Lattice.")
    columns = [[1 << (BITS - 1 - k) for k in range(BITS)]]
    columns += [_column(*polynomial) for polynomial in POLYNOMIALS[: dim - 1]]
    return np.asarray(columns[:dim], np.uint32).T


def _column(s: int, a: int, first: tuple[int, ...]) -> list[int]:
    m = list(first)
    for k in range(s, BITS):
        new = m[k - s] ^ (m[k - s] << s)
        for j in range(1, s):
            if (a >> (s - 1 - j)) & 1:
                new ^= m[k - j] << j
        m.append(new)
    return [m[k] << (BITS - 1 - k) for k in range(BITS)]
