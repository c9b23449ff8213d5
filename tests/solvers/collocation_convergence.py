"""Errors of Chebyshev collocation, for its tests and for the table of orders."""

import functools

import jax
import jax.numpy as jnp

from neuralpde.equations import AbstractEquation
from neuralpde.solvers import solve_two_point
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace

LINE = Box.cube(1)
CLAMPED = FunctionSpace(LINE, ("u",), Dirichlet(0.0))


class Layer(AbstractEquation):
    """-width u'' + u' = 1: a layer of that width at the right end."""

    width: float

    def residual(self, u, x):
        return -self.width * jax.hessian(u)(x)[:, 0, 0] + jax.jacfwd(u)(x)[:, 0] - 1


def zeros(n, space=CLAMPED):
    return Field(jnp.zeros((n, space.channels)), space.domain.grid(n, layout="chebyshev"), space)


def error(found, exact):
    return float(jnp.abs(found.values[:, 0] - exact(found.on.coords()[:, 0])).max())


@functools.cache
def layer_errors() -> list[float]:
    """Of a layer of width 1/20 with 10, 16 and 22 points."""
    width = 0.05
    exact = lambda x: x - jnp.exp((x - 1) / width) * (-jnp.expm1(-x / width)) / (-jnp.expm1(-1 / width))
    solve = jax.jit(lambda u: solve_two_point(Layer(width), u))
    return [error(solve(zeros(n)), exact) for n in (10, 16, 22)]


def collocation_rows():
    """Rule, problem, expected order and errors, for the table of orders."""
    return [("Chebyshev collocation, grid", "boundary layer", "exponential", layer_errors())]
