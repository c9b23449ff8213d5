"""Stochastic differential equations with any drift and diffusion, in fixed steps or to a tolerance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from neuralpde.errors import ArgumentError

from .brownian import (
    Diffusion,
    brownian_tree,
    diffusion_operator,
    drawn_increments,
    increments_of,
    noise_structure,
)
from .evaluations import count_evaluations
from .method import Method
from .sde_schemes import SCHEMES, Problem, noise_drift
from .solve import VectorField, free, solve_terms
from .solved import Cost, Solved
from .times import Times, fixed_steps, parts_between, wanted_times


def solve_sde(
    drift: VectorField,
    diffusion: Diffusion,
    y0: PyTree,
    times: Times,
    method: Method,
    *,
    key: PRNGKeyArray,
    args: Any = None,
    path: diffrax.AbstractPath | None = None,
    resolution: float | None = None,
) -> Solved:
    """One path of dy = drift(t, y, args) dt + diffusion(t, y, args) dW at increasing ``times``, from y0 at times[0].

    The noise is diagonal unless the diffusion gives a matrix or a linear operator (`Diffusion`). Which integral is
    meant follows from the solver: Ito's for ``diffrax.Euler`` and ``diffrax.ItoMilstein``, Stratonovich's for the
    others; `stratonovich_drift` turns the one into the other. Paths are batched by ``vmap`` over keys.

    The Brownian path follows from the method, too. Fixed steps of Euler, EulerHeun, Heun, ItoMilstein,
    StratonovichMilstein and ReversibleHeun draw their increments from ``key`` beforehand and are one ``lax.scan``:
    other steps, another path. All else goes through diffrax along a `brownian_tree` with the Lévy areas that the
    solver needs, the same path for one key and solver whatever the steps, down to differences of time ``resolution``
    (by default 1/4 of a fixed step, and 1e-4 of the whole time where steps are adapted). ``path`` takes the place of
    either. Adaptive steps need a solver with an error estimate (Heun, SPaRK or a ``diffrax.HalfSolver``).

    Raises ``ArgumentError`` for times that do not increase, and for fixed steps whose number is not known: give
    ``substeps`` where times are tracers.
    """
    wanted, known = wanted_times(times, y0)
    if known is not None and len(known) > 1 and known[1] < known[0]:
        raise ArgumentError(f"solve_sde: a stochastic equation runs forward in time, got times {times}.")
    if len(wanted) == 1:
        return Solved(wanted, jax.tree.map(lambda x: jnp.asarray(x)[None], y0), free(method, wanted.dtype))
    operator = diffusion_operator(diffusion)
    structure = noise_structure(diffusion, wanted[0], y0, args)
    controller = method.step_size_controller
    steps = None if controller is not None else _all_steps(wanted, known, method)
    if steps is not None and type(method.solver) in SCHEMES and _scans(method):
        times_between, ends = steps
        lengths = jnp.diff(times_between)
        dw = drawn_increments(structure, lengths, key) if path is None else increments_of(path, times_between)
        problem = Problem(lambda t, y: drift(t, y, args), lambda t, y: operator(t, y, args))
        return Solved(wanted, *scan_steps(method.solver, problem, y0, times_between, dw, ends))
    if path is None:
        span = wanted[-1] - wanted[0]
        shortest = 1e-4 * span if steps is None else 0.25 * jnp.min(jnp.diff(steps[0]))
        path = brownian_tree(
            method.solver, structure, wanted[0], wanted[-1], shortest if resolution is None else resolution, key
        )
    terms = diffrax.MultiTerm(diffrax.ODETerm(drift), diffrax.ControlTerm(operator, path))
    if steps is None:
        return solve_terms(terms, y0, wanted, method, controller, method.dt, method.max_steps, args)
    return solve_terms(terms, y0, wanted, method, diffrax.StepTo(steps[0]), None, len(steps[0]) - 1, args)


def scan_steps(
    solver: diffrax.AbstractSolver,
    problem: Problem,
    y0: PyTree,
    times: Float[Array, " instant"],
    dw: PyTree,
    ends: np.ndarray,
) -> tuple[PyTree, Cost]:
    """All steps between ``times`` with the increments ``dw`` in one scan: the states after ``ends`` steps, and y0 first.

    The increments have leaves (instant - 1, ...). Nothing but a state and an increment is alive in a step.
    """
    scheme = SCHEMES[type(solver)]
    y0 = jax.tree.map(jnp.asarray, y0)

    def body(state, step):
        y, carry = state
        t, h, dw = step
        y, carry = scheme.step(problem, t, h, y, carry, dw)
        return (y, carry), y

    start = (y0, scheme.start(problem, times[0], y0))
    _, states = jax.lax.scan(body, start, (times[:-1], jnp.diff(times), dw))
    states = jax.tree.map(lambda first, x: jnp.concatenate([first[None], x[ends - 1]]), y0, states)
    taken = jnp.asarray(len(times) - 1)
    evaluations = count_evaluations(solver, taken, jnp.ones((), int))
    return states, Cost(evaluations, taken, jnp.zeros((), int), None, None, diffrax.RESULTS.successful)


def stratonovich_drift(
    drift: VectorField, diffusion: Diffusion, *, elementwise: bool = False
) -> Callable[[Any, PyTree, Any], PyTree]:
    """The drift that makes Stratonovich's equation the one that Ito's means: f - 1/2 sum_j D(G e_j)[G e_j].

    It takes one derivative for each Brownian motion, a single one with ``elementwise``, which says that entry i of a
    diagonal noise depends on entry i of the state alone: f_i - 1/2 g_i dg_i/dy_i.
    """
    operator = diffusion_operator(diffusion)

    def corrected(t, y, args):
        problem = Problem(lambda t, y: drift(t, y, args), lambda t, y: operator(t, y, args))
        more = noise_drift(problem, t, y, commutative=elementwise)
        return jax.tree.map(lambda f, c: f - c, drift(t, y, args), more)

    return corrected


def _scans(method: Method) -> bool:
    """Whether plain derivatives of a scan are what the adjoint of the method means."""
    return not isinstance(method.adjoint, diffrax.BacksolveAdjoint)


def _all_steps(
    wanted: Float[Array, " time"], known: np.ndarray | None, method: Method
) -> tuple[Float[Array, " instant"], np.ndarray]:
    """All instants that steps begin or end at, and how many steps have been made at each wanted time but the first."""
    parts = parts_between(wanted, known, method)
    if parts is None:
        raise ArgumentError(
            "solve_sde: the number of steps of length dt is not known while times are traced; say substeps=n, the "
            "number of equal steps between each two times."
        )
    return fixed_steps(wanted, parts), np.cumsum(parts)
