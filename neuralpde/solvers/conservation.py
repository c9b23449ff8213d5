"""Solver of hyperbolic conservation laws with diffusion: MUSCL in space, SSP Runge-Kutta in time."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from neuralpde.equations import AbstractConservationLaw, AbstractEquation
from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field, Grid, Trajectory

from .ghost_cells import check_boundary
from .limiters import LIMITERS
from .muscl import GHOSTS, Muscl
from .riemann import RIEMANN_SOLVERS
from .runge_kutta_ssp import WEIGHTS, ssp_step
from .solver import AbstractSolver, Limit


class ConservationSolution(eqx.Module):
    """A trajectory and how it was found.

    steps: taken towards each state, none for the first. admissible: whether each state is physical in all cells.
    """

    trajectory: Trajectory
    steps: Int[Array, " time"]
    admissible: Bool[Array, " time"]


class FiniteVolume(AbstractSolver):
    """Finite volumes for conservation laws on boxes: second order where the solution is smooth, sharp at shocks.

    MUSCL reconstruction with a slope limiter (``mc``, ``minmod``, ``van_leer``, ``superbee``; ``central`` for smooth
    solutions, ``none`` for Godunov's method), an approximate Riemann solver (``hllc`` for gas and water, ``hll`` and
    ``rusanov`` for every law) and an SSP Runge-Kutta method of the given order (1, 2, 3).

    The step is ``cfl / max over cells of sum_i (|speed_i| / h_i + 2 D / h_i^2)``, taken anew from each state, or a
    little less so that every time asked for is met exactly. With ``cfl <= 1/2`` cells stay admissible where there is no
    viscosity. Viscous fluxes are central, and explicit like all others.

    The conditions are those of the initial field's space: `Periodic`, `Free` (outflow), `Wall` (mirror, or sticking),
    `Neumann(0)`, and `Dirichlet` with numbers (a given state outside). A state that needs more than ``max_steps`` is
    given up: it and what follows are NaN.
    """

    limits: ClassVar[Mapping[str, Limit]] = {
        "unphysical_states": Limit(
            0.0,
            "part of the states that hold a density, depth or pressure of zero or less",
            "a smaller cfl or a finer grid",
        )
    }
    cfl: float = eqx.field(static=True, default=0.4)
    limiter: str = eqx.field(static=True, default="mc")
    riemann: str = eqx.field(static=True, default="hllc")
    order: int = eqx.field(static=True, default=2)
    max_steps: int = eqx.field(static=True, default=100_000)

    def __check_init__(self):
        for value, known in ((self.limiter, LIMITERS), (self.riemann, RIEMANN_SOLVERS), (self.order, WEIGHTS)):
            if value not in known:
                raise ArgumentError(f"FiniteVolume does not know {value!r}; choose one of {tuple(known)}.")
        if not 0 < self.cfl <= 1:
            raise ArgumentError(
                f"FiniteVolume needs 0 < cfl <= 1, got {self.cfl}; explicit steps are unstable beyond one."
            )

    def solve(self, equation: AbstractEquation, initial: Field, times: Sequence[float]) -> Trajectory:
        """The states at ``times``; `run` says how they were found.

        ``initial`` holds the conserved quantities (means over cells, or values at their centres) on a grid of layout
        ``cells`` or ``periodic``. Raises ``ValueError`` for an equation, a grid, conditions or times that the method
        cannot use.
        """
        return self.run(equation, initial, times).trajectory

    def run(self, equation: AbstractEquation, initial: Field, times: Sequence[float]) -> ConservationSolution:
        """As `solve`, with the number of steps and whether all cells are physical."""
        tendency = self._discretised(equation, initial)
        self._check_diffusion(tendency, initial, times)
        intervals = jnp.asarray(_intervals(times), initial.values.dtype)

        def next_state(u, interval):
            u, steps = self._advance(tendency, u, interval)
            return u, (u, steps)

        _, (later, steps) = jax.lax.scan(next_state, initial.values, intervals)
        values = jnp.concatenate([initial.values[None], later])
        trajectory = Trajectory(jnp.asarray(times, values.dtype), Field.stack(values, initial.on, initial.space))
        cells = tuple(range(1, values.ndim - 1))
        admissible = tendency.law.admissible(values).all(cells)
        return ConservationSolution(trajectory, jnp.concatenate([jnp.zeros(1, steps.dtype), steps]), admissible)

    def step(self, equation: AbstractEquation, u: Field, dt: Float[Array, ""] | float) -> Field:
        """The state after one step of a given size, whatever its CFL number; differentiable in reverse."""
        return u.with_values(
            ssp_step(self._discretised(equation, u), u.values, jnp.asarray(dt, u.values.dtype), self.order)
        )

    def refined(self) -> FiniteVolume:
        """The same method with half the CFL number."""
        return dataclasses.replace(self, cfl=self.cfl / 2)

    def figures(self, equation: AbstractEquation, solution: Trajectory) -> dict[str, Float[Array, ""]]:
        """``unphysical_states``: the part of the states with cells that are not physical."""
        values = solution.field.values
        admissible = _checked(equation, solution.field).admissible(values).all(tuple(range(1, values.ndim - 1)))
        return {"unphysical_states": jnp.mean(~admissible, dtype=values.dtype)}

    def _discretised(self, equation: AbstractEquation, u: Field) -> Muscl:
        law = _checked(equation, u)
        return Muscl(law, u.space, u.on.spacing, LIMITERS[self.limiter], RIEMANN_SOLVERS[self.riemann])

    def _check_diffusion(self, tendency: Muscl, u: Field, times: Sequence[float]) -> None:
        """Refuse what would be given up after ``max_steps`` of the explicit diffusion, where that is known already."""
        diffusivity = tendency.law.diffusivity(u.values)
        if not isinstance(diffusivity, float | int) or len(times) < 2:
            return
        rate = 2 * diffusivity * sum(1 / h**2 for h in u.on.spacing)
        needed = math.ceil(float(_intervals(times).max()) * rate / self.cfl)
        if needed > self.max_steps:
            raise ArgumentError(
                f"FiniteVolume diffuses by explicit steps: a diffusivity of {diffusivity} on cells of {u.on.spacing} needs "
                f"{needed} steps from one time to the next, more than max_steps={self.max_steps}; choose coarser cells, "
                "a shorter interval, or a solver that is not explicit."
            )

    def _advance(self, tendency: Muscl, u: Float[Array, "*cell c"], interval: Float[Array, ""]):
        """The state after ``interval``, in equal steps as far as the speeds stay the same, and the number of steps."""

        def unfinished(state):
            _, remaining, steps = state
            return (remaining > 0) & (steps < self.max_steps)

        def step(state):
            u, remaining, steps = state
            count = jnp.maximum(jnp.ceil(remaining * tendency.rate(u) / self.cfl), 1.0)
            dt = remaining / count
            # A NaN compares false with everything: the loop ends and the state shows it.
            remaining = jnp.where(count > 1, remaining - dt, 0.0)
            return ssp_step(tendency, u, dt, self.order), remaining, steps + 1

        u, remaining, steps = jax.lax.while_loop(unfinished, step, (u, interval, 0))
        return jnp.where(remaining > 0, jnp.nan, u), steps


def _intervals(times: Sequence[float]) -> np.ndarray:
    intervals = np.diff(np.asarray(times, float))
    if len(times) < 1 or not (intervals > 0).all():
        raise ArgumentError(f"FiniteVolume wants increasing times, got {times}.")
    return intervals


def _checked(law: AbstractEquation, u: Field) -> AbstractConservationLaw:
    if not isinstance(law, AbstractConservationLaw):
        raise ArgumentError(
            f"FiniteVolume solves conservation laws, and {type(law).__name__} does not say what its fluxes are; "
            "use a solver for that equation."
        )
    if not isinstance(u.on, Grid) or any(layout not in ("cells", "periodic") for layout in u.on.layout):
        raise ArgumentError(
            f"FiniteVolume works on cells, the initial field lives on {u.on}; use Grid(..., layout='cells')."
        )
    if u.space.channels != len(law.names):
        raise ArgumentError(
            f"FiniteVolume wants the conserved components {law.names} of {law}, the initial field has {u.space.names}; "
            "convert primitive variables first, and give the equation the number of dimensions of the domain."
        )
    check_boundary(u.space, u.on.shape, GHOSTS)
    return law
