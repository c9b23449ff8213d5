"""Activations: those of the papers, and derivatives written for the compiler."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import TaylorSeries, has_rule, propagate, solution


@jax.custom_jvp
def gelu(x: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """Gaussian error linear unit ``x Phi(x)``, exact, Phi the normal distribution function.

    The derivative ``Phi(x) + x phi(x)`` is given in closed form: reverse mode then keeps x alone, where
    differentiating through erf keeps three arrays of its size.
    """
    return jax.nn.gelu(x, approximate=False)


@gelu.defjvp
def _gelu_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    distribution = 0.5 * (1 + jax.lax.erf(x / math.sqrt(2)))
    density = jnp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return gelu(x), (distribution + x * density) * dx


@has_rule(gelu)
def _gelu_series(x: TaylorSeries) -> TaylorSeries:
    density = propagate(jnp.exp, -0.5 * x * x) / math.sqrt(2 * math.pi)
    return x * solution(0.5 * (1 + jax.lax.erf(x.value / math.sqrt(2))), lambda _: density, x)


def tanh_sin(x: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """``tanh(sin(pi (x + 1))) + x`` (Zang & Koutsourelakis, J. Comput. Phys. 538 (2025) 114137)."""
    return jnp.tanh(jnp.sin(jnp.pi * (x + 1))) + x


def silu_sin(x: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """``silu(sin(pi (x + 1))) + x``, with ``silu(x) = x / (1 + exp(-x))``; as `tanh_sin`."""
    return jax.nn.silu(jnp.sin(jnp.pi * (x + 1))) + x


def silu_id(x: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """``silu(x) + x``; as `tanh_sin`."""
    return jax.nn.silu(x) + x
