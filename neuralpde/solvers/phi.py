"""The functions of exponential integrators: phi_0(z) = e^z, phi_k(z) = (phi_{k-1}(z) - 1 / (k-1)!) / z.

Near zero the recurrence cancels, so that it is run backwards there, from the Taylor series of phi_3; matrices are
first halved until they are that small, and the functions then doubled (Skaflestad & Wright, Appl. Numer. Math. 59
(2009) 783).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

Values = Inexact[Array, "..."]

TERMS = 19
DOUBLINGS = 40


class Phi(NamedTuple):
    """phi_0 to phi_3 of numbers, or of matrices (c, c, ...)."""

    zero: Values
    one: Values
    two: Values
    three: Values


def phi_of_numbers(z: Values) -> Phi:
    """phi_0 to phi_3 of each number, real or complex."""
    near = jnp.abs(z) < 1
    series = _near_zero(jnp.where(near, z, 0), jnp.ones_like(z), jnp.multiply)
    w = jnp.where(near, 1, z)
    zero = jnp.exp(z)
    one = (jnp.exp(w) - 1) / w
    two = (one - 1) / w
    three = (two - 0.5) / w
    return Phi(zero, *(jnp.where(near, a, b) for a, b in zip(series[1:], (one, two, three), strict=True)))


def phi_of_matrices(a: Inexact[Array, "c c ..."]) -> Phi:
    """phi_0 to phi_3 of each matrix; the first two axes are rows and columns."""
    identity = jnp.broadcast_to(jnp.eye(a.shape[0], dtype=a.dtype).reshape(*a.shape[:2], *[1] * (a.ndim - 2)), a.shape)
    halvings = jnp.clip(jnp.ceil(jnp.log2(jnp.maximum(_size(a), 2.0**-20))), 0, DOUBLINGS)

    def double(step, phi):
        zero, one, two, three = phi
        doubled = Phi(
            _product(zero, zero),
            (_product(zero, one) + one) / 2,
            (_product(one, one) + 2 * two) / 4,
            (_product(one, two) + two + 2 * three) / 8,
        )
        return jax.tree.map(lambda new, old: jnp.where(step < halvings, new, old), doubled, phi)

    start = _near_zero(a / (2.0**halvings).astype(halvings.dtype), identity, _product)
    return jax.lax.fori_loop(0, DOUBLINGS, double, start)


def _near_zero(z: Values, identity: Values, product: Callable[[Array, Array], Array]) -> Phi:
    """The four functions for |z| <= 1: the series of phi_3, then ``phi_{k-1} = z phi_k + 1 / (k-1)!``."""
    inverse_factorials = jnp.asarray([1 / math.factorial(k + 3) for k in range(TERMS)], identity.real.dtype)

    def horner(three, coefficient):
        return product(z, three) + coefficient * identity, None

    three, _ = jax.lax.scan(horner, jnp.zeros_like(identity), inverse_factorials, reverse=True)
    two = product(z, three) + identity / 2
    one = product(z, two) + identity
    return Phi(product(z, one) + identity, one, two, three)


def _product(a: Values, b: Values) -> Values:
    return jnp.sum(a[:, :, None] * b[None], axis=1)


def _size(a: Values) -> Float[Array, ...]:
    """A bound of the powers: ``|a^k|^(1/k)`` of k = 2 and 3, close to the spectral radius also where a is not normal
    (Al-Mohy & Higham, SIAM J. Matrix Anal. Appl. 31 (2009) 970, theorem 4.2)."""
    square = _product(a, a)
    norm = lambda matrix: jnp.max(jnp.sum(jnp.abs(matrix), axis=1), axis=0)
    return jnp.maximum(norm(square) ** (1 / 2), norm(_product(square, a)) ** (1 / 3))
