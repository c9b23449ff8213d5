"""Kolmogorov-Arnold networks of Chebyshev polynomials (Sidharth, Keerthana, Gokul & Anas, 2024, arXiv 2405.07200)."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Value, concatenate, propagate

from .coordinate_network import AbstractCoordinateNetwork, Chain


class ChebyshevLayer(AbstractCoordinateNetwork):
    """``y_o = sum_i sum_{k = 0..degree} C_kio T_k(tanh x_i)``, T_k the Chebyshev polynomials of the first kind.

    C starts normal with mean zero and variance 1 / (i (degree + 1)). Raises ``ValueError`` for a degree below one.
    """

    C: Float[Array, "k i o"]

    def __init__(self, in_size: int, out_size: int, degree: int = 4, *, key: PRNGKeyArray):
        if degree < 1:
            raise ArgumentError(f"ChebyshevLayer wants polynomials of degree one or more, got degree={degree}.")
        shape = (degree + 1, in_size, out_size)
        self.C = jax.random.normal(key, shape) / math.sqrt(in_size * (degree + 1))

    def propagate(self, x: Value) -> Value:
        z = propagate(jnp.tanh, x)
        # T_0 = 1 adds the same number to every y_o.
        T = [1.0, z]
        while len(T) < len(self.C):
            T.append(2 * z * T[-1] - T[-2])
        varying = self.C[1:].reshape(-1, self.C.shape[-1])
        return self.C[0].sum(0) + varying.T @ concatenate(T[1 : len(self.C)])


def chebyshev_kan(in_size: int, out_size: int, *, width: int, depth: int, degree: int = 4, key: PRNGKeyArray) -> Chain:
    """``depth`` hidden `ChebyshevLayer` of ``width`` numbers, and one more for the output."""
    sizes = (in_size, *(width,) * depth, out_size)
    keys = jax.random.split(key, depth + 1)
    layers = zip(sizes[:-1], sizes[1:], keys, strict=True)
    return Chain(*(ChebyshevLayer(i, o, degree, key=k) for i, o, k in layers))
