"""Ordinary differential equations through diffrax, to a tolerance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import diffrax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations import AbstractODE

from .times import checked_times


def solve_ode(
    equation: AbstractODE,
    initial: Float[Array, " c"],
    times: Sequence[float] | np.ndarray,
    *,
    solver: diffrax.AbstractSolver = diffrax.Tsit5(),
    rtol: float = 1e-8,
    atol: float = 1e-10,
    max_steps: int = 100_000,
    longest: float | None = None,
) -> Float[Array, "time c"]:
    """States at ``times`` (increasing numbers), the first of which is ``initial``.

    ``solver`` is one of diffrax: explicit by default, ``diffrax.Kvaerno5()`` for stiff systems. No step is longer than
    ``longest``, the duration of what it must not pass over. States are not a number where the solver has failed.
    Traceable; batches by ``vmap``, derivatives by ``jax.grad``. Raises ``ValueError`` for times that do not increase.
    """
    return integrate(equation.vector_field, initial, times, solver, rtol, atol, max_steps, longest)


def integrate(
    vector_field: Callable[[Any, Array, Any], Array],
    initial: Float[Array, " *state"],
    times: Sequence[float] | np.ndarray,
    solver: diffrax.AbstractSolver,
    rtol: float,
    atol: float,
    max_steps: int,
    longest: float | None = None,
) -> Float[Array, " time *state"]:
    """Solution of dy/dt = vector_field(t, y, None) at ``times``; not a number where the solver has failed."""
    wanted = jnp.asarray(checked_times(times), initial.dtype)
    if len(wanted) == 1:
        return initial[None]
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(vector_field),
        solver,
        wanted[0],
        wanted[-1],
        dt0=None,
        y0=initial,
        saveat=diffrax.SaveAt(ts=wanted),
        stepsize_controller=diffrax.PIDController(rtol, atol, dtmax=longest),
        max_steps=max_steps,
        throw=False,
    )
    succeeded = solution.result == diffrax.RESULTS.successful
    return jnp.where(succeeded, solution.ys, jnp.nan)
