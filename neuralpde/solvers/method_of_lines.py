"""The method of lines: an equation's tendency on a grid, advanced in time by diffrax."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import diffrax
import equinox as eqx
import jax.numpy as jnp

from neuralpde.equations import AbstractEquation
from neuralpde.spaces import Field, Trajectory

from .diffrax_ode import integrate
from .solver import AbstractSolver
from .times import checked_times


class MethodOfLines(AbstractSolver):
    """Solves any equation that has a `tendency`, to a tolerance in time; its accuracy in space is the tendency's.

    ``solver`` is one of diffrax: explicit for what is not stiff, ``diffrax.Kvaerno5()`` for small stiff systems, whose
    Jacobian it forms and factorises. A step's error is at most ``atol + rtol |u|``. Fields are not a number where the
    solver has failed or taken ``max_steps``.
    """

    solver: diffrax.AbstractSolver = diffrax.Tsit5()
    rtol: float = eqx.field(static=True, default=1e-6)
    atol: float = eqx.field(static=True, default=1e-9)
    max_steps: int = eqx.field(static=True, default=100_000)

    def solve(self, equation: AbstractEquation, initial: Field, times: Sequence[float]) -> Trajectory:
        """The states at ``times``; ``NotImplementedError`` for an equation without a tendency."""

        def rate(t, values, args):
            return equation.tendency(initial.with_values(values)).values

        values = integrate(rate, initial.values, times, self.solver, self.rtol, self.atol, self.max_steps)
        stored = jnp.asarray(checked_times(times), initial.values.dtype)
        return Trajectory(stored, Field.stack(values, initial.on, initial.space))

    def refined(self) -> MethodOfLines:
        """Tolerances smaller by 2 to the power of the solver's order."""
        factor = 2.0 ** (self.solver.order(diffrax.ODETerm(lambda t, y, args: y)) or 1)
        return dataclasses.replace(self, rtol=self.rtol / factor, atol=self.atol / factor)
