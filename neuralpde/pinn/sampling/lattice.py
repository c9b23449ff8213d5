"""Lattice rules of rank one."""

from __future__ import annotations

import dataclasses
import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .sampler import AbstractSampler

LARGEST = 2**20
OPERATIONS = 2**22
"""Points times candidates that the search of a generator looks at."""


@dataclasses.dataclass(frozen=True)
class Lattice(AbstractSampler):
    """The points ``i z / n + shift mod 1`` of a rank-one lattice with a random shift (Cranley & Patterson 1976).

    z = (1, a, a^2, ...) mod n of Korobov's form, with the a of least worst-case error among up to n / 2 tried ones (Sloan &
    Joe, Lattice Methods for Multiple Integration, 1994, chapter 4). Errors fall with any order that the smoothness
    of a periodic function has; for others near n^-1. Any number of coordinates; ``ValueError`` for n > 2^20.
    """

    @property
    def extensible(self) -> bool:
        """No: the first points of a lattice lie at its beginning."""
        return False

    def unit(self, key: PRNGKeyArray, n: int, dim: int) -> Float[Array, "n dim"]:
        if n > LARGEST:
            raise ArgumentError(f"Lattices are given for up to {LARGEST} points, got {n}; use Sobol or Halton.")
        return (_multiples(generator(n, dim), n).astype(float) / n + jax.random.uniform(key, (dim,))) % 1.0


def _multiples(z: tuple[int, ...], n: int) -> Int[Array, "n dim"]:
    """``i z mod n`` for i < n; the index is split in two so that no product passes 2^31."""
    block = math.isqrt(n) + 1
    high, low = jnp.divmod(jnp.arange(n, dtype=jnp.int32)[:, None], block)
    by_block = jnp.asarray([block * component % n for component in z], jnp.int32)
    return (high * by_block % n + low * jnp.asarray(z, jnp.int32) % n) % n


@functools.cache
def generator(n: int, dim: int) -> tuple[int, ...]:
    """The z of Korobov's form that has the least worst-case error for n points."""
    if n < 3 or dim == 1:
        return (1,) * dim
    units = [a for a in range(2, n // 2 + 1) if math.gcd(a, n) == 1] or [1]
    tried = max(8, OPERATIONS // n)
    step = max(1, len(units) // tried)
    return min((_korobov(a, n, dim) for a in units[::step]), key=lambda z: worst_case_error(z, n))


def _korobov(a: int, n: int, dim: int) -> tuple[int, ...]:
    return tuple(pow(a, power, n) for power in range(dim))


def worst_case_error(z: tuple[int, ...], n: int) -> float:
    """``P_2``: the squared error for periodic functions whose mixed first derivatives are square integrable.

    The mean over the points of ``prod_j (1 + 2 pi^2 B_2(x_j))``, less one, B_2 the second Bernoulli polynomial.
    """
    x = np.outer(np.arange(n), np.asarray(z)) % n / n
    return float(np.mean(np.prod(1 + 2 * np.pi**2 * (x**2 - x + 1 / 6), axis=1)) - 1)
