"""Second-order neural ordinary differential equations."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import mlp

from .fields import MLPField
from .method import Method
from .solve import solve
from .solved import Solved
from .times import Times


class SecondOrderODE(eqx.Module):
    """x'' = a(t, x, x') with a network for a, and one for the initial velocity v(x0).

    Norcliffe, Bodnar, Day, Simidjievski & Lio, "On second order behaviour in augmented neural ODEs", NeurIPS 2020,
    arXiv 2006.07220: trajectories may cross in x, and the motion is smooth.
    """

    acceleration: MLPField
    velocity: eqx.nn.MLP
    method: Method

    def __init__(
        self,
        size: int,
        *,
        width: int = 64,
        depth: int = 2,
        time: bool = False,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        key_a, key_v = jax.random.split(key)
        self.acceleration = MLPField(2 * size, out_size=size, width=width, depth=depth, time=time, key=key_a)
        self.velocity = mlp(size, size, width=width, depth=1, activation=jnp.tanh, key=key_v)
        self.method = Method() if method is None else method

    def __call__(self, x0: Float[Array, " c"], times: Times) -> Solved:
        """Positions (time, c) at ``times`` from x0 at the first of them with the velocity v(x0)."""
        solved = self.motion(x0, self.velocity(x0), times)
        return Solved(solved.times, solved.states[0], solved.cost)

    def motion(self, x0: Float[Array, " c"], v0: Float[Array, " c"], times: Times) -> Solved:
        """Positions and velocities, each (time, c), from those at the first of the ``times``."""
        return solve(self.field, (x0, v0), times, self.method)

    def field(
        self, t: Any, state: tuple[Float[Array, " c"], Float[Array, " c"]], args: Any = None
    ) -> tuple[Float[Array, " c"], Float[Array, " c"]]:
        """(x, x')' = (x', a(t, x, x'))."""
        x, v = state
        return v, self.acceleration(t, jnp.concatenate([x, v]))
