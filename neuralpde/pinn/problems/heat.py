"""Heat in a ball of five dimensions, and heat that spreads at two rates."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import PointFunction
from neuralpde.equations.derivatives import laplacian, partial, rate
from neuralpde.pinn.conditions import Boundary, Initial
from neuralpde.pinn.constraints import Started
from neuralpde.pinn.problem import Problem
from neuralpde.spaces import Ball, Box, ClosedForm, FunctionSpace, Neumann

from .statement import zero_walls


def heat_ball(dimensions: int = 5, hard: bool = True) -> Problem:
    """u_t = Laplace(u) / d - |x|^2 exp(|x|^2 / 2 + t) / d in the unit ball for t in [0, 1]: u = exp(|x|^2 / 2 + t).

    The initial value and the flux du/dn through the sphere are those of the solution; the flux stays a condition. HNd of
    PINNacle (Hao et al., NeurIPS 2024 Datasets and Benchmarks). Published relative L2 error: 1.2e-4 (L-BFGS).
    """
    names = tuple(f"x{i + 1}" for i in range(dimensions))
    domain = Ball((0.0,) * dimensions, 1.0, names) * Box.of(t=(0.0, 1.0))
    exact = lambda x: jnp.exp(jnp.sum(x[:-1] ** 2) / 2 + x[-1])[None]

    def law(u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        return rate(u)(x) - (laplacian(u)(x) - jnp.sum(x[:-1] ** 2) * exact(x)) / dimensions

    start = lambda x: jnp.exp(jnp.sum(x[:-1] ** 2) / 2)
    flux = Boundary(Neumann(exact))  # x . grad u = |x|^2 u, which is u on the sphere
    reference = ClosedForm(exact, FunctionSpace(domain))
    if hard:
        return Problem(domain, law, [flux], reference, ansatz=lambda u: Started(u, start))
    return Problem(domain, law, [flux, Initial(start)], reference)


def heat_multiscale(end: float = 5.0, hard: bool = True) -> Problem:
    """u_t = u_xx / (500 pi)^2 + u_yy / pi^2 on the unit square, zero walls, u(x, y, 0) = sin(20 pi x) sin(pi y):

    u = sin(20 pi x) sin(pi y) exp(-(1 + 1 / 625) t) for t in [0, ``end``]. Heat2d-MS of PINNacle (Hao et al., NeurIPS
    2024 Datasets and Benchmarks). Published relative L2 error: 6.2e-2 (plain network).
    """
    domain = Box.of(x=(0.0, 1.0), y=(0.0, 1.0), t=(0.0, end))
    slow, fast = 1 / (500 * math.pi) ** 2, 1 / math.pi**2

    def law(u: PointFunction, x: Float[Array, " 3"]) -> Float[Array, " 1"]:
        return rate(u)(x) - slow * partial(u, 0, 2)(x) - fast * partial(u, 1, 2)(x)

    start = lambda x: jnp.sin(20 * jnp.pi * x[0]) * jnp.sin(jnp.pi * x[1])
    exact = lambda x: (start(x) * jnp.exp(-(1 + 1 / 625) * x[2]))[None]
    reference = ClosedForm(exact, FunctionSpace(domain))
    return Problem(domain, law, reference=reference, **zero_walls(domain, hard, start))
