"""Maps from a function of space to a function of space and time: the problems that DeepONet is trained on."""

from __future__ import annotations

import abc
import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp

from neuralpde.equations import AbstractEquation, ReactionDiffusion, advection_case
from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, Box, Dirichlet, Field, Free, FunctionSpace, Grid

from .characteristics import solve_advection
from .chebyshev_collocation import ChebyshevCollocation
from .solver import AbstractSolver


class AbstractSpaceTimeProblem(eqx.Module):
    """What is made of a function v of one coordinate x: the input u(x) of an operator, and its output s(x, t)."""

    @property
    @abc.abstractmethod
    def statement(self) -> str:
        """The equation in a line."""

    @abc.abstractmethod
    def input(self, v: AbstractFunction) -> AbstractFunction:
        """u."""

    @abc.abstractmethod
    def solution(self, v: AbstractFunction, on: Grid) -> Field:
        """s at the points of a grid on the interval of u times a time that begins at 0; traceable."""

    @abc.abstractmethod
    def refined(self) -> AbstractSpaceTimeProblem:
        """The same problem with twice the points and smaller tolerances: for estimates of the error."""


class AdvectionCase(AbstractSpaceTimeProblem):
    """A case of `advection_case`, along characteristics; ``nodes`` are those of `solve_advection`."""

    case: str = eqx.field(static=True)
    nodes: int = eqx.field(static=True, default=64)

    @property
    def statement(self) -> str:
        return f"s_t + a(x) s_x = 0, case {self.case} of neuralpde.equations.advection_case"

    def input(self, v: AbstractFunction) -> AbstractFunction:
        return advection_case(self.case, v)[0]

    def solution(self, v: AbstractFunction, on: Grid) -> Field:
        return solve_advection(advection_case(self.case, v)[1], on, nodes=self.nodes)

    def refined(self) -> AdvectionCase:
        return dataclasses.replace(self, nodes=2 * self.nodes)


class SourceToState(AbstractSpaceTimeProblem):
    """The source u(x) = v(x) of `ReactionDiffusion` to the state s(x, t) that starts from s = 0.

    By `ChebyshevCollocation` at ``points`` points, with the tolerances ``rtol`` and ``atol`` in time.
    """

    equation: ReactionDiffusion = ReactionDiffusion()
    points: int = eqx.field(static=True, default=40)
    rtol: float = eqx.field(static=True, default=1e-6)
    atol: float = eqx.field(static=True, default=1e-8)

    @property
    def statement(self) -> str:
        return "s_t = diffusion s_xx + rate s^2 + u(x) on (0, 1), s = 0 at both ends and at t = 0"

    def input(self, v: AbstractFunction) -> AbstractFunction:
        return v

    def solution(self, v: AbstractFunction, on: Grid) -> Field:
        space = self.equation.space()
        if on.domain.axes[0] != space.domain.axes[0]:
            raise ArgumentError(
                f"The state lives on {space.domain.axes[0]} and times, the grid has the axes {on.domain.axes}; draw "
                "sources on that interval."
            )
        chebyshev = space.domain.grid(self.points, layout="chebyshev")
        equation = dataclasses.replace(self.equation, source=v.sample(chebyshev))
        rest = Field(jnp.zeros((self.points, 1)), chebyshev, space)
        states = ChebyshevCollocation(rtol=self.rtol, atol=self.atol).solve(equation, rest, _times(on)).field
        line = Grid(space.domain, on.shape[:1], on.layout[:1])
        values = jax.vmap(lambda state: state.resample(line).values)(states)
        target = FunctionSpace(on.domain, equation.names, [Dirichlet(0.0), (Dirichlet(0.0), Free())])
        return Field(jnp.moveaxis(values, 0, 1), on, target)

    def refined(self) -> SourceToState:
        return dataclasses.replace(self, points=2 * self.points, rtol=self.rtol / 32, atol=self.atol / 32)


class StateToSolution(AbstractSpaceTimeProblem):
    """The state u(x) = v(x) at t = 0 to the solution u(x, t) of an evolution equation of one component.

    By ``solver`` on ``refine`` times as many points, in space, as the solution is wanted on.
    """

    equation: AbstractEquation
    solver: AbstractSolver
    refine: int = eqx.field(static=True, default=4)

    @property
    def statement(self) -> str:
        return f"{(type(self.equation).__doc__ or '').strip().splitlines()[0]} from u at t = 0"

    def input(self, v: AbstractFunction) -> AbstractFunction:
        return v

    def solution(self, v: AbstractFunction, on: Grid) -> Field:
        coarse = Grid(Box(on.domain.axes[:1]), on.shape[:1], on.layout[:1])
        fine = coarse.with_shape(self.refine * coarse.size)
        initial = Field(v.sample(fine).values, fine, FunctionSpace(fine.domain, self.equation.names))
        states = self.solver.solve(self.equation, initial, _times(on)).field
        values = jax.vmap(lambda state: state.at(coarse.coords()))(states)
        return Field(jnp.moveaxis(values, 0, 1), on, FunctionSpace(on.domain, self.equation.names))

    def refined(self) -> StateToSolution:
        return dataclasses.replace(self, refine=2 * self.refine, solver=self.solver.refined())


def _times(on: Grid) -> list[float]:
    """The times of a grid of nodes, known when traced."""
    return [on.domain.upper[1] * i / (on.shape[1] - 1) for i in range(on.shape[1])]
