"""Helmholtz' and Poisson's equations on boxes, with sources made for known solutions."""

from __future__ import annotations

import math

import jax.numpy as jnp

from neuralpde.equations import Helmholtz, Poisson
from neuralpde.pinn.conditions import Boundary
from neuralpde.pinn.problem import Problem
from neuralpde.spaces import Box, ClosedForm, Dirichlet, FunctionSpace

from .statement import zero_walls


def helmholtz(waves: tuple[float, ...] = (1, 4), wavenumber: float = 1.0, hard: bool = True) -> Problem:
    """Laplace(u) + k^2 u = q on [-1, 1]^2, zero on the walls: u = sin(a_1 pi x) sin(a_2 pi y), a = ``waves`` whole numbers.

    Wang, Teng & Perdikaris, SIAM J. Sci. Comput. 43 (2021) A3055. Published relative L2 errors: 2.0e-9 (natural
    gradient, SPRING), 3.6e-9 (self-scaled Broyden, 2971 weights).
    """
    domain = Box.cube(len(waves), -1.0, 1.0)
    space = FunctionSpace(domain)
    exact = lambda x: jnp.prod(jnp.sin(jnp.pi * jnp.asarray(waves, x.dtype) * x))[None]
    surplus = sum((math.pi * a) ** 2 for a in waves) - wavenumber**2
    source = ClosedForm(lambda x: surplus * exact(x), space)
    equation = Helmholtz(wavenumber, 1.0, source)
    return Problem(domain, equation, reference=ClosedForm(exact, space), **zero_walls(domain, hard))


def poisson(dimensions: int = 2, hard: bool = True) -> Problem:
    """-Laplace(u) = d pi^2 u* on the unit cube in d dimensions, zero on the walls: u = u* = prod_i sin(pi x_i).

    The usual first problem of optimisers: natural gradients reach relative L2 errors of 1e-6 to 1e-8 (Müller &
    Zeinhofer, ICML 2023).
    """
    domain = _cube(dimensions)
    space = FunctionSpace(domain)
    exact = lambda x: jnp.prod(jnp.sin(jnp.pi * x))[None]
    equation = Poisson(ClosedForm(lambda x: dimensions * jnp.pi**2 * exact(x), space))
    return Problem(domain, equation, reference=ClosedForm(exact, space), **zero_walls(domain, hard))


def poisson_sines(dimensions: int = 5) -> Problem:
    """-Laplace(u) = (pi / 2)^2 u on the unit cube, u = sum_i sin(pi x_i / 2) on its walls and inside.

    PNd of PINNacle (Hao et al., NeurIPS 2024 Datasets and Benchmarks). Published relative L2 error: 4.7e-4 (L-BFGS). The
    values at the walls stay a condition: of extensions to the inside the simplest is the solution itself.
    """
    domain = _cube(dimensions)
    space = FunctionSpace(domain)
    exact = lambda x: jnp.sum(jnp.sin(jnp.pi / 2 * x))[None]
    equation = Poisson(ClosedForm(lambda x: (jnp.pi / 2) ** 2 * exact(x), space))
    return Problem(domain, equation, [Boundary(Dirichlet(exact))], reference=ClosedForm(exact, space))


def _cube(dimensions: int) -> Box:
    return Box.cube(dimensions, names=[f"x{i + 1}" for i in range(dimensions)])
