"""Errors of the spectral solvers against exact solutions over halved steps, for tests and tables."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuralpde.equations import AbstractEquation, Burgers, KortewegDeVries, SineGordon, Vorticity, kolmogorov_forcing
from neuralpde.solvers import ETDRK, AbstractSolver, CrankNicolsonVorticity
from neuralpde.spaces import AbstractFunction, Box, ClosedForm, Field, FunctionSpace, Grid, relative_l2


def ring(lower: float, upper: float, end: float) -> tuple[Box, Box]:
    """A periodic interval, and space and time over it."""
    space = Box.of(periodic=("x",), x=(lower, upper))
    return space, space * Box.of(t=(0.0, end))


def at_time(solution: AbstractFunction, on: Grid, time: float) -> Field:
    """The state of a solution of space and time."""
    space = FunctionSpace(on.domain, solution.space.names)
    return ClosedForm(lambda x: solution(jnp.append(x, time)), space).sample(on)


class Problem(NamedTuple):
    """An equation with a solution, a grid that resolves it, and the largest number of steps of each order."""

    equation: AbstractEquation
    solution: AbstractFunction
    grid: Grid
    end: float
    steps: int

    @functools.cache  # noqa: B019 the problems live as long as the module
    def errors(self, order: int) -> list[float]:
        """Relative L2 errors at the end, for a number of steps and twice as many."""
        return [self._error(order, steps) for steps in (self.steps, 2 * self.steps)]

    def _error(self, order, steps):
        @jax.jit
        def error():
            initial, truth = at_time(self.solution, self.grid, 0.0), at_time(self.solution, self.grid, self.end)
            return relative_l2(
                last(ETDRK(self.end / steps, order).solve(self.equation, initial, (0.0, self.end))), truth
            )

        return float(error())


def last(trajectory) -> Field:
    """The final state."""
    return Field(trajectory.field.values[-1], trajectory.field.on, trajectory.field.space)


def _burgers() -> Problem:
    space, domain = ring(-1.0, 1.0, 0.5)
    equation = Burgers(0.05)
    return Problem(equation, equation.exact(domain), space.grid(192), 0.5, 20)


def _kdv() -> Problem:
    space, domain = ring(-4.0, 4.0, 0.5)
    equation = KortewegDeVries(0.05)
    return Problem(equation, equation.exact(domain, 1.5), space.grid(160), 0.5, 150)


def _sine_gordon() -> Problem:
    space, domain = ring(-25.0, 25.0, 2.0)
    equation = SineGordon(1.0)
    return Problem(equation, equation.exact(domain, 0.4), space.grid(320), 2.0, 20)


PROBLEMS = {"Burgers": _burgers(), "KdV": _kdv(), "sine-Gordon, matrix symbol": _sine_gordon()}
ORDERS = (1, 2, 3, 4)
QUICK = [*(("Burgers", order) for order in ORDERS), ("sine-Gordon, matrix symbol", 4)]
"""What the table and the default tests measure; the other orders of the other problems are slow tests."""

TORUS = Box.cube(2, periodic=True)
FLOW = Vorticity(1e-2, 0.1, kolmogorov_forcing(TORUS, 2, 0.5))


def whirls(n: int) -> Field:
    """A smooth vorticity of mean zero that turns over about once in a unit of time."""

    def vorticity(x):
        a, b = 2 * jnp.pi * x
        return (4 * jnp.cos(a + 0.3) * jnp.sin(b) + 3 * jnp.sin(2 * b - a) + 2 * jnp.cos(a + b))[None]

    return ClosedForm(vorticity, FunctionSpace(TORUS, ("w",))).sample(TORUS.grid(n))


@functools.cache
def flow(solver: AbstractSolver) -> Field:
    """The whirls after half a unit of time, on 32 x 32 points."""
    return jax.jit(lambda: last(solver.solve(FLOW, whirls(32), (0.0, 0.25, 0.5))))()


def vorticity_errors() -> list[float]:
    """Differences between the first-order scheme and `ETDRK` of order four."""
    truth = flow(ETDRK(0.5 / 64))
    return [float(relative_l2(flow(CrankNicolsonVorticity(0.5 / steps)), truth)) for steps in (128, 256)]


def spectral_rows() -> list[tuple[str, str, str, list[float]]]:
    """Rule, problem, expected order and errors over halved steps, for the table of orders."""
    found = [(f"ETDRK{order}, time", name, str(order), PROBLEMS[name].errors(order)) for name, order in QUICK]
    return [*found, ("Crank-Nicolson-Euler, time", "vorticity", "1", vorticity_errors())]
