"""Lagrangian neural networks: a network for the Lagrangian, from which the motion follows."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import mlp
from neuralpde.nn.mlp import Activation

from .method import Method
from .solve import solve
from .solved import Solved
from .times import Times


class Lagrangian(eqx.Module):
    """d/dt dL/dv = dL/dq for a state y = [q, v] of shape (2c,), v = q', with L = |v|^2 / 2 + net([q, v]).

    Cranmer, Greydanus, Hoyer, Battaglia, Spergel & Ho, "Lagrangian neural networks", ICLR workshop 2020,
    arXiv 2003.04630: no momenta need be known, and the energy v dL/dv - L is conserved. That of free motion begins
    it, so that the matrix of the second derivatives by v can be inverted.
    """

    net: eqx.nn.MLP
    method: Method
    size: int = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        *,
        width: int = 64,
        depth: int = 2,
        activation: Activation = jax.nn.softplus,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        self.net = mlp(2 * size, 1, width=width, depth=depth, activation=activation, key=key)
        self.method = Method() if method is None else method
        self.size = size

    def __call__(self, y0: Float[Array, " n"], times: Times) -> Solved:
        """States [q, v] (time, 2c) at ``times`` from y0 at the first of them."""
        return solve(self.field, y0, times, self.method)

    def lagrangian(self, q: Float[Array, " c"], v: Float[Array, " c"]) -> Float[Array, ""]:
        """L(q, v)."""
        return 0.5 * jnp.sum(v**2) + self.net(jnp.concatenate([q, v]))[0]

    def energy(self, y: Float[Array, " n"]) -> Float[Array, ""]:
        """v dL/dv - L, constant along solutions."""
        q, v = y[: self.size], y[self.size :]
        return v @ jax.grad(self.lagrangian, 1)(q, v) - self.lagrangian(q, v)

    def field(self, t: Any, y: Float[Array, " n"], args: Any = None) -> Float[Array, " n"]:
        """[v, a] with (d2L/dv2) a = dL/dq - (d2L/dq dv) v."""
        q, v = y[: self.size], y[self.size :]
        momentum = jax.grad(self.lagrangian, 1)
        mass = jax.jacfwd(momentum, 1)(q, v)
        _, turned = jax.jvp(lambda q: momentum(q, v), (q,), (v,))
        return jnp.concatenate([v, jnp.linalg.solve(mass, jax.grad(self.lagrangian)(q, v) - turned)])
