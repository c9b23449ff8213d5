"""Ordinary differential equations with any vector field, solved to a tolerance or in fixed steps, and what it took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from .evaluations import CountedController, count_evaluations
from .method import Method
from .solved import Cost, Solved, Tally
from .statistics import RecordedSolver
from .times import Times, fixed_steps, parts_between, wanted_times

VectorField = Callable[[Any, Any, Any], Any]
"""``field(t, y, args)`` -> dy/dt with the structure of y, a pytree of arrays."""


def solve(field: VectorField, y0: PyTree, times: Times, method: Method | None = None, *, args: Any = None) -> Solved:
    """States at ``times`` (time,) of dy/dt = field(t, y, args) from y0 at times[0], for ONE initial state.

    ``field`` may be any function, an equation's `vector_field`, a network: gradients reach its arrays, ``args``, y0
    and the times by the method's adjoint. Times may decrease. Batches are made by ``vmap``, each member with its own
    steps; `solve_together` gives them one step size. States in between two steps are interpolated, with fixed steps
    (whose number must be known: by ``substeps``, or by ``dt`` where the times are no tracers) they are hit.

    Raises ``ArgumentError`` for known times that are not monotonic; an ``equinox.EquinoxRuntimeError`` where the
    solver fails, if the method says ``throw``.
    """
    method = Method() if method is None else method
    wanted, known = wanted_times(times, y0)
    if len(wanted) == 1:
        return Solved(wanted, jax.tree.map(lambda x: jnp.asarray(x)[None], y0), free(method, wanted.dtype))
    controller, dt0, max_steps = _steps(wanted, known, method)
    return solve_terms(diffrax.ODETerm(field), y0, wanted, method, controller, dt0, max_steps, args)


def solve_together(
    field: VectorField, y0: PyTree, times: Times, method: Method | None = None, *, args: Any = None
) -> Solved:
    """Like `solve` for a batch of initial states (batch, ...) that share every step: states are (time, batch, ...).

    The error norm is over the whole batch and so is the cost: the way in which torchdiffeq and the papers on
    regularised solvers count evaluations.
    """
    return solve(lambda t, y, args: jax.vmap(field, in_axes=(None, 0, None))(t, y, args), y0, times, method, args=args)


def solve_terms(
    terms: Any,
    y0: PyTree,
    wanted: Float[Array, " time"],
    method: Method,
    controller: diffrax.AbstractStepSizeController,
    dt0: Array | float | None,
    max_steps: int | None,
    args: Any,
) -> Solved:
    """Solve terms of diffrax with the solver's statistics, if the method wants them."""
    adaptive = isinstance(controller, diffrax.AbstractAdaptiveStepSizeController)
    solver = recorded(method, controller) if method.statistics else method.solver
    counted = method.statistics and adaptive
    solution = diffrax.diffeqsolve(
        terms,
        solver,
        wanted[0],
        wanted[-1],
        dt0,
        y0,
        args,
        saveat=diffrax.SaveAt(ts=wanted, solver_state=method.statistics, controller_state=counted),
        stepsize_controller=CountedController(controller) if counted else controller,
        adjoint=method.adjoint,
        max_steps=max_steps,
        throw=method.throw,
    )
    return Solved(wanted, solution.ys, _cost(solution, method, adaptive))


def recorded(method: Method, controller: diffrax.AbstractStepSizeController) -> RecordedSolver:
    """The method's solver with statistics in units of the controller's tolerances."""
    if isinstance(controller, diffrax.AbstractAdaptiveStepSizeController):
        scale = (controller.rtol, controller.atol, controller.norm)
    else:
        scale = (None, None, method.norm)
    return RecordedSolver(method.solver, *scale, method.stiffness)


def free(method: Method, dtype: Any) -> Cost:
    """The cost of no step at all."""
    zero, none = jnp.zeros((), int), Tally.empty(dtype)
    statistics = none if method.statistics else None
    return Cost(zero, zero, zero, statistics, statistics, diffrax.RESULTS.successful)


def _steps(
    wanted: Float[Array, " time"], known: np.ndarray | None, method: Method
) -> tuple[diffrax.AbstractStepSizeController, Array | None, int | None]:
    """Controller, first step and largest number of steps."""
    forward = jnp.sign(wanted[-1] - wanted[0])
    dt0 = None if method.dt is None else forward * method.dt
    controller = method.step_size_controller
    if controller is not None:
        return controller, dt0, method.max_steps
    parts = parts_between(wanted, known, method)
    if parts is None:
        return diffrax.ConstantStepSize(), dt0, method.max_steps
    steps = fixed_steps(wanted, parts)
    return diffrax.StepTo(steps), None, len(steps) - 1


def _cost(solution: diffrax.Solution, method: Method, adaptive: bool) -> Cost:
    stats = solution.stats
    accepted, rejected = (jnp.asarray(stats[f"num_{kind}_steps"]) for kind in ("accepted", "rejected"))
    if adaptive and not method.statistics:
        return Cost(None, accepted, rejected, None, None, solution.result)
    fresh = solution.controller_state.fresh if adaptive else jnp.ones((), int)
    evaluations = count_evaluations(method.solver, accepted + rejected, fresh)
    if not method.statistics:
        return Cost(evaluations, accepted, rejected, None, None, solution.result)
    solver, state = recorded(method, diffrax.ConstantStepSize()), solution.solver_state
    if evaluations is not None and solver.has_stiffness and method.stiffness == "derivative":
        evaluations = evaluations + accepted + rejected
    return Cost(
        evaluations,
        accepted,
        rejected,
        state.errors if solver.has_errors else None,
        state.stiffnesses if solver.has_stiffness else None,
        solution.result,
    )
