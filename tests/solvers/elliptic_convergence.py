"""Manufactured problems of the elliptic solver: the errors over a sequence of grids, for tests and tables."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuralpde.equations import Darcy
from neuralpde.solvers import solve_elliptic
from neuralpde.spaces import Box, ClosedForm, Dirichlet, FunctionSpace, Neumann, Periodic, Robin, relative_l2


class Manufactured(NamedTuple):
    """A medium and a solution; the source and the data on the walls follow from them."""

    space: FunctionSpace
    medium: Callable
    solution: Callable

    @functools.cache  # noqa: B019 the problems live as long as the module
    def error(self, n: int) -> float:
        """Relative L2 error of the solver on n cells an axis, means removed where u is free by a constant."""
        return float(jax.jit(lambda: self._error(n))())

    def _error(self, n: int):
        free = self.space.free()
        source = ClosedForm(lambda x: Darcy(ClosedForm(self.medium, free), 0.0).residual(self.solution, x), free)
        on = self.space.domain.grid(n, layout="cells")
        found = solve_elliptic(Darcy(ClosedForm(self.medium, free), source), self.space, on).field
        exact = ClosedForm(self.solution, self.space).sample(on)
        if all(isinstance(side, Neumann | Periodic) for pair in self.space.boundary for side in pair):
            exact = exact.with_values(exact.values - exact.values.mean())
        return relative_l2(found, exact)

    def errors(self) -> list[float]:
        return [self.error(n) for n in self.sizes]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Cells an axis; each is a compiled program of its own."""
        return (6, 12) if self.space.dim == 3 else (8, 16)


def _smooth(x):
    return jnp.exp(jnp.sin(2 * x[:1]) + jnp.cos(x.sum(keepdims=True)))


def _wave(x):
    return jnp.sin(2 * x[:1] + 0.3) * jnp.exp(-(x[1:] ** 2).sum(keepdims=True)) + x.sum(keepdims=True)


def _slope(axis: int, sign: int):
    """Outward derivative of the solution on a wall normal to ``axis``."""
    return lambda x: sign * jax.jacfwd(_wave)(x)[:, axis]


def _mixed_sides(x_axis, y_axis) -> Manufactured:
    return Manufactured(FunctionSpace(Box.of(x=(0.0, 1.0), y=(0.0, 2.0)), ("u",), [x_axis, y_axis]), _smooth, _wave)


def _robin(axis: int, sign: int) -> Robin:
    slope = _slope(axis, sign)
    return Robin(2.0, 0.5, lambda x: 2.0 * _wave(x) + 0.5 * slope(x))


def _periodic() -> Manufactured:
    box = Box.of(periodic=("x",), x=(0.0, 1.0), y=(0.0, 1.0))
    space = FunctionSpace(box, ("u",), [Periodic(), Dirichlet(lambda x: jnp.sin(2 * jnp.pi * x[:1]) * jnp.exp(x[1:]))])
    return Manufactured(
        space,
        lambda x: 2 + jnp.cos(2 * jnp.pi * x[:1] + x[1:]),
        lambda x: jnp.sin(2 * jnp.pi * x[:1]) * jnp.exp(x[1:]),
    )


def _layers() -> Manufactured:
    """-(a u')' = 1, u(0) = u(1) = 0, a = 1 left of 1/2 and 4 right of it; the flux is c - x."""
    c = 7 / 20

    def pressure(x):
        left = c * x - x**2 / 2
        right = (c * (x - 1) - (x**2 - 1) / 2) / 4
        return jnp.where(x < 0.5, left, right)

    space = FunctionSpace(Box.cube(1), ("u",), Dirichlet(0.0))
    return Manufactured(space, lambda x: jnp.where(x < 0.5, 1.0, 4.0), pressure)


PROBLEMS: dict[str, Manufactured] = {
    "Dirichlet walls": _mixed_sides(Dirichlet(_wave), Dirichlet(_wave)),
    "Neumann, Robin and Dirichlet walls": _mixed_sides(
        (Neumann(_slope(0, -1)), Dirichlet(_wave)), (_robin(1, -1), Neumann(_slope(1, 1)))
    ),
    "Neumann walls only": _mixed_sides(
        (Neumann(_slope(0, -1)), Neumann(_slope(0, 1))), (Neumann(_slope(1, -1)), Neumann(_slope(1, 1)))
    ),
    "periodic and Dirichlet walls": _periodic(),
    "interval": Manufactured(FunctionSpace(Box.cube(1), ("u",), Dirichlet(_wave)), _smooth, _wave),
    "cube": Manufactured(FunctionSpace(Box.cube(3), ("u",), Dirichlet(_wave)), _smooth, _wave),
    "two layers": _layers(),
}


def darcy_rows() -> list[tuple[str, str, str, list[float]]]:
    """Rule, problem, expected order and errors over doubled grids, for the table of orders."""
    return [("Darcy, finite volumes", name, "2", problem.errors()) for name, problem in PROBLEMS.items()]
