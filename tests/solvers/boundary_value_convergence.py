"""Errors of collocation on elements, for its tests and for the table of orders."""

import functools

import jax.numpy as jnp
import numpy as np

from neuralpde.solvers import solve_boundary_value

EIGENVALUE = np.pi**2
"""Of -y'' = p y, y(0) = y(1) = 0, y'(0) = pi: y = sin(pi x)."""


@functools.cache
def strings(degree: int, sizes: tuple[int, ...] = (2, 4, 8)):
    """The string on so many elements."""
    rate = lambda x, y, p: jnp.stack([y[1], -p[0] * y[0]])
    ends = lambda a, b, p: jnp.stack([a[0], b[0], a[1] - np.pi])
    guess = lambda x: np.stack([4 * x * (1 - x), 4 - 8 * x], axis=1)
    start = np.asarray([9.0])
    return [solve_boundary_value(rate, ends, np.linspace(0, 1, n + 1), guess, start, degree=degree) for n in sizes]


def eigenvalue_errors(degree: int) -> list[float]:
    """Of the eigenvalue, which converges like the values at the ends of elements."""
    return [abs(float(found.parameters[0]) - EIGENVALUE) for found in strings(degree)]


def inner_errors(degree: int) -> list[float]:
    """Largest of y on the interval."""
    x = np.linspace(0, 1, 301)
    return [float(np.abs(found(x)[:, 0] - np.sin(np.pi * x)).max()) for found in strings(degree)]


def boundary_value_rows():
    """Rule, problem, expected order and errors, for the table of orders."""
    rule = "collocation on elements"
    return [
        *((f"{rule}, degree {s}", "string, eigenvalue", str(2 * s), eigenvalue_errors(s)) for s in (2, 3)),
        *((f"{rule}, degree {s}", "string, between nodes", str(s + 1), inner_errors(s)) for s in (2, 3)),
    ]
