"""A Hamiltonian network over bodies: one model for systems of any number of them, on a line or in the plane."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuralpde.equations import as_bodies, as_state
from neuralpde.nn import mlp
from neuralpde.nn.mlp import Activation

from .method import Method
from .solve import solve
from .solved import Solved
from .symplectic import implicit_midpoint, rollout
from .times import Times

SMALL = 1e-6
"""Added to squared distances, whose root has no derivative at zero."""


class GraphHamiltonian(eqx.Module):
    """q' = dH/dp, p' = -dH/dq with H = sum_i head(n_i, sum_{j != i} edge(n_i, n_j, q_i - q_j, |q_i - q_j|)).

    n_i = node(q_i, p_i); three networks that all bodies share. Graph networks for the energy are due to Sanchez-Gonzalez,
    Bapst, Cranmer & Battaglia, arXiv 1909.12790; across physical systems to Song & Jeong, "Towards cross domain
    generalization of Hamiltonian representation via meta learning", ICLR 2024. The order of the bodies changes nothing.
    """

    node: eqx.nn.MLP
    edge: eqx.nn.MLP
    head: eqx.nn.MLP
    method: Method

    def __init__(
        self,
        *,
        width: int = 32,
        depth: int = 2,
        activation: Activation = jax.nn.softplus,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        keys = jax.random.split(key, 3)
        sizes = ((4, width), (2 * width + 3, width), (2 * width, 1))
        self.node, self.edge, self.head = (
            mlp(n, m, width=width, depth=depth - 1, activation=activation, key=k)
            for (n, m), k in zip(sizes, keys, strict=True)
        )
        self.method = Method() if method is None else method

    def __call__(self, y0: Float[Array, " n"], times: Times) -> Solved:
        """States [q, p] (time, n) at ``times`` from y0 at the first of them."""
        return solve(self.field, y0, times, self.method)

    def energy(self, bodies: Float[Array, "body 4"], there: Bool[Array, " body"] | None = None) -> Float[Array, ""]:
        """H of the bodies that are ``there``; all where it is left out."""
        count = len(bodies)
        there = jnp.ones(count, bool) if there is None else there
        n = jax.vmap(self.node)(bodies)
        apart = bodies[:, None, :2] - bodies[None, :, :2]
        distance = jnp.sqrt(jnp.sum(apart**2, axis=-1, keepdims=True) + SMALL)
        pairs = [jnp.broadcast_to(x, (count, count, x.shape[-1])) for x in (n[:, None], n[None])]
        messages = jax.vmap(jax.vmap(self.edge))(jnp.concatenate([*pairs, apart, distance], axis=-1))
        heard = (there[None] & ~jnp.eye(count, dtype=bool))[..., None]
        received = jnp.sum(messages, axis=1, where=heard)
        energies = jax.vmap(self.head)(jnp.concatenate([n, received], axis=-1))[:, 0]
        return jnp.sum(energies, where=there)

    def rates(self, bodies: Float[Array, "body 4"], there: Bool[Array, " body"] | None = None) -> Array:
        """(dH/dp, -dH/dq) of each body (body, 4)."""
        slope = jax.grad(self.energy)(bodies, there)
        return jnp.concatenate([slope[:, 2:], -slope[:, :2]], axis=1)

    def field(self, t: Any, y: Float[Array, " n"], args: Any = None) -> Float[Array, " n"]:
        """[dH/dp, -dH/dq] of a state of any number of bodies."""
        return as_state(self.rates(as_bodies(y)), y.size // 2)

    def rollout(self, y0: Float[Array, " n"], step: float, steps: int) -> Float[Array, "time n"]:
        """y0 and the states after each of ``steps`` implicit midpoint steps, which are symplectic, of length ``step``."""
        return rollout(lambda y: implicit_midpoint(lambda y: self.field(0.0, y), y, step), y0, steps)
