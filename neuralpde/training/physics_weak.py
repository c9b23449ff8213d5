"""What an equation says of an operator's answers in its weak form: against test functions on small random balls.

Zang & Koutsourelakis, "DGenNO: a novel physics-aware neural operator for solving forward and inverse PDE problems",
J. Comput. Phys. 538 (2025) 114137.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations import Darcy, PointFunction, Poisson
from neuralpde.equations.derivatives import gradient
from neuralpde.equations.equation import Coefficient, coefficient_at
from neuralpde.spaces import Box, relative_l2

from .failures import TrainingArgumentError
from .physics import AbstractPhysics, check_argument, stated


class BallRule(NamedTuple):
    """Points y of the unit ball with weights w, and there the test function phi and its gradient."""

    y: Float[np.ndarray, "q d"]
    w: Float[np.ndarray, " q"]
    phi: Float[np.ndarray, " q"]
    slope: Float[np.ndarray, "q d"]


def wendland(r: Float[np.ndarray, " q"], dim: int) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, " q"]]:
    """phi(r) and phi'(r), r in [0, 1]: Wendland's function with four continuous derivatives, l = floor(dim / 2) + 3:

    phi = (1 - r)^(l + 2) ((l^2 + 4 l + 3) r^2 + (3 l + 6) r + 3) / 3. Wendland, Adv. Comput. Math. 4 (1995) 389.
    """
    k = dim // 2 + 3
    phi = (1 - r) ** (k + 2) * ((k**2 + 4 * k + 3) * r**2 + (3 * k + 6) * r + 3) / 3
    return phi, -r * (1 - r) ** (k + 1) * (k + 3) * (k + 4) * ((k + 1) * r + 1) / 3


@functools.cache
def ball_rule(dim: int, nodes: int) -> BallRule:
    """``nodes`` Gauss points along the radius times directions at equal angles; six are exact for linear fluxes.

    Raises ``ValueError`` for more than three dimensions.
    """
    s, weights = np.polynomial.legendre.leggauss(nodes)
    r, w = (s + 1) / 2, weights / 2
    if dim == 1:
        directions, shares = np.array([[-1.0], [1.0]]), np.ones(2)
    elif dim == 2:
        angles = 2 * np.pi * (np.arange(2 * nodes) + 0.5) / (2 * nodes)
        directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        shares = np.full(2 * nodes, np.pi / nodes)
    elif dim == 3:
        angles = 2 * np.pi * (np.arange(2 * nodes) + 0.5) / (2 * nodes)
        around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        level = np.sqrt(1 - s**2)
        directions = np.concatenate(
            [np.column_stack([h * around, np.full(2 * nodes, z)]) for h, z in zip(level, s, strict=True)]
        )
        shares = np.repeat(weights, 2 * nodes) * np.pi / nodes
    else:
        raise TrainingArgumentError(f"Weak residuals are known in one to three dimensions, got {dim}.")
    phi, fall = wendland(r, dim)
    y = (r[:, None, None] * directions).reshape(-1, dim)
    measure = (w[:, None] * r[:, None] ** (dim - 1) * shares).reshape(-1)
    slope = (fall[:, None, None] * directions).reshape(-1, dim)
    return BallRule(y, measure, np.repeat(phi, len(directions)), slope)


def weak_lack(
    v: PointFunction, a: Coefficient, f: Coefficient, centres: Float[Array, "n d"], radius: float, nodes: int
) -> Float[Array, " n"]:
    """``(int a grad v . grad phi - int f phi) / int phi`` for the test function on each ball: zero where -div(a grad v) = f.

    As the radius goes to zero it becomes the strong residual, where there is one; a may jump.
    """
    dim = centres.shape[1]
    rule, axes = ball_rule(dim, nodes), tuple(range(dim))

    def flux(x: Float[Array, " d"]) -> Float[Array, " d"]:
        return coefficient_at(a, x) * gradient(v, axes)(x)[:, 0]

    def on_ball(centre: Float[Array, " d"]) -> Float[Array, ""]:
        x = centre + radius * jnp.asarray(rule.y, centre.dtype)
        through = jnp.sum(jax.vmap(flux)(x) * rule.slope, axis=1) / radius
        given = jax.vmap(lambda y: coefficient_at(f, y))(x) * rule.phi
        return jnp.asarray(rule.w, centre.dtype) @ (through - given) / float(rule.w @ rule.phi)

    return jax.vmap(on_ball)(centres)


class WeakResidual(AbstractPhysics):
    """Mean over random balls inside of the square of the `weak_lack` of Darcy's or Poisson's equation.

    The coefficient is never differentiated, so that it may jump. radius: of the balls, in shortest sides of the box; the
    published 1e-4 is all but the strong residual. nodes: Gauss points along a radius; six are exact for linear fluxes.
    ``argument`` and the operators it is for are those of `PointwiseResidual`; sides are met by `ExactConditions`, or
    asked for by `SideConditions`.
    """

    equation: Darcy | Poisson
    argument: str | None = eqx.field(static=True, default="coefficient")
    balls: int = eqx.field(static=True, default=32)
    radius: float = eqx.field(static=True, default=0.05)
    nodes: int = eqx.field(static=True, default=6)
    weight: float = eqx.field(static=True, default=1.0)

    def __check_init__(self):
        check_argument(self.equation, self.argument)
        if not 0 < self.radius <= 0.5:
            raise TrainingArgumentError(f"radius is a share of the shortest side, at most 0.5, got {self.radius}.")

    @property
    def name(self) -> str:
        """weak"""
        return "weak"

    def __call__(self, operator, u, on, key):
        box = operator.target.domain
        if not isinstance(box, Box):
            raise TrainingArgumentError(f"WeakResidual draws balls in a box, the target lives on {box}.")
        equation, v = stated(self.equation, self.argument, u), operator.as_function(u)
        return jnp.mean(weak_lack(v, equation.coefficient, equation.source, *self.drawn(box, key), self.nodes) ** 2)

    def drawn(self, box: Box, key: Array) -> tuple[Float[Array, "n d"], float]:
        """Centres of balls that lie in the box, and their radius."""
        radius = self.radius * min(box.extents)
        lower, room = jnp.asarray(box.lower) + radius, jnp.asarray(box.extents) - 2 * radius
        return lower + room * jax.random.uniform(key, (self.balls, box.dim)), radius


class Reconstruction(AbstractPhysics):
    """Square of the relative L2 error of the input that an operator makes again of what it has encoded (`DGenNO`)."""

    weight: float = eqx.field(static=True, default=1.0)

    @property
    def name(self) -> str:
        """reconstruction"""
        return "reconstruction"

    def __call__(self, operator, u, on, key):
        return relative_l2(operator.reconstruct(u).sample(u.on), u) ** 2
