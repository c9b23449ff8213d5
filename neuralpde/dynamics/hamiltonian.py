"""Hamiltonian neural networks: a network for the energy, from which the motion follows."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import mlp
from neuralpde.nn.mlp import Activation

from .method import Method
from .solve import solve
from .solved import Solved
from .symplectic import Scheme, implicit_midpoint, leapfrog, rollout, yoshida
from .times import Times


class Hamiltonian(eqx.Module):
    """q' = dH/dp, p' = -dH/dq for a state y = [q, p] of shape (2c,) with a network for H.

    Greydanus, Dzamba & Yosinski, "Hamiltonian neural networks", NeurIPS 2019, arXiv 1906.01563: H is constant along
    solutions, exactly but for the solver's errors. With ``separable``, H = T(p) + V(q) of two networks, and explicit
    symplectic steps exist (Chen, Zhang, Arjovsky & Bottou, "Symplectic recurrent neural networks", ICLR 2020).
    """

    nets: tuple[eqx.nn.MLP, ...]
    method: Method
    size: int = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        *,
        width: int = 64,
        depth: int = 2,
        separable: bool = False,
        activation: Activation = jnp.tanh,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        inputs = (size, size) if separable else (2 * size,)
        keys = jax.random.split(key, len(inputs))
        self.nets = tuple(
            mlp(n, 1, width=width, depth=depth, activation=activation, key=k) for n, k in zip(inputs, keys, strict=True)
        )
        self.method = Method() if method is None else method
        self.size = size

    def __call__(self, y0: Float[Array, " n"], times: Times) -> Solved:
        """States [q, p] (time, 2c) at ``times`` from y0 at the first of them."""
        return solve(self.field, y0, times, self.method)

    def energy(self, y: Float[Array, " n"]) -> Float[Array, ""]:
        """H(q, p)."""
        if len(self.nets) == 1:
            return self.nets[0](y)[0]
        potential, kinetic = self.nets
        return potential(y[: self.size])[0] + kinetic(y[self.size :])[0]

    def field(self, t: Any, y: Float[Array, " n"], args: Any = None) -> Float[Array, " n"]:
        """[dH/dp, -dH/dq]; trained on known derivatives of states, or through the solver."""
        slope = jax.grad(self.energy)(y)
        return jnp.concatenate([slope[self.size :], -slope[: self.size]])

    def rollout(
        self, y0: Float[Array, " n"], step: float | Float[Array, ""], steps: int, scheme: Scheme | None = None
    ) -> Float[Array, "time n"]:
        """y0 and the states after each of ``steps`` symplectic steps of length ``step``.

        ``scheme`` is "leapfrog" (order 2, the usual one where H is separable), "yoshida" (order 4) or "midpoint" (order
        2, implicit, for any H). Raises ``ArgumentError`` for one of the first two where H is not separable.
        """
        separable = len(self.nets) == 2
        scheme = scheme or ("leapfrog" if separable else "midpoint")
        if scheme == "midpoint":
            return rollout(lambda y: implicit_midpoint(lambda y: self.field(0.0, y), y, step), y0, steps)
        if scheme not in ("leapfrog", "yoshida") or not separable:
            raise ArgumentError(
                f"Hamiltonian.rollout: the scheme {scheme!r} takes H = T(p) + V(q) apart (separable=True); the "
                'schemes are "leapfrog" and "yoshida" for such ones, and "midpoint" for any.'
            )
        explicit = leapfrog if scheme == "leapfrog" else yoshida
        potential, kinetic = (jax.grad(lambda x, net=net: net(x)[0]) for net in self.nets)
        kick = lambda q: -potential(q)
        one = lambda y: jnp.concatenate(explicit(kick, kinetic, y[: self.size], y[self.size :], step))
        return rollout(one, y0, steps)
