"""Penalties on one step from a random point of the solution: for any adjoint, at the price of a single step.

Pal, Edelman & Rackauckas, "Locally regularized neural differential equations: some black boxes were meant to remain
closed!", ICML 2023, arXiv 2303.02262.
"""

from __future__ import annotations

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..method import Method
from ..solve import VectorField, recorded, solve
from ..solved import Cost, Solved
from ..statistics import RecordedState
from ..times import Times
from .solver_cost import ErrorEstimate, StiffnessEstimate


class Instant(eqx.Module):
    """A point of a solution and the length of a step from it: constants, through which no gradient passes."""

    time: Float[Array, ""]
    state: PyTree
    step: Float[Array, ""]


def solve_with_instant(
    field: VectorField, y0: PyTree, times: Times, method: Method, *, key: PRNGKeyArray, args: Any = None
) -> tuple[Solved, Instant]:
    """Like `solve`, and a point of the solution at a random time with the mean length of the accepted steps.

    The time is uniform over the whole interval, so that the penalty of a step from it estimates the mean over time
    without bias; a method of fixed steps, that cannot make another, has it uniform over ``times`` but the last.
    """
    times = jnp.asarray(times)
    if not method.adaptive:
        solved = solve(field, y0, times, method, args=args)
        return solved, _instant(solved, solved.cost, jax.random.randint(key, (), 0, len(times) - 1))
    # Off both ends, where a time would stand twice.
    drawn = jax.random.uniform(key, (), times.dtype, 1e-6, 1 - 1e-6)
    time = times[0] + drawn * (times[-1] - times[0])
    place = jnp.sum(jnp.abs(times - times[0]) <= jnp.abs(time - times[0])).clip(1, len(times) - 1)
    index = jnp.arange(len(times))
    kept = index + (index >= place)
    all_times = jnp.zeros(len(times) + 1, times.dtype).at[kept].set(times).at[place].set(time)
    solved = solve(field, y0, all_times, method, args=args)
    states = jax.tree.map(lambda x: x[kept], solved.states)
    return Solved(times, states, solved.cost), _instant(solved, solved.cost, place)


def local_error(field: VectorField, instant: Instant, method: Method, args: Any = None) -> Float[Array, ""]:
    """E |h| of one step from ``instant``, E in units of the method's tolerances; raises like `ErrorEstimate`."""
    return ErrorEstimate()(_one_step(field, instant, method, args))


def local_stiffness(field: VectorField, instant: Instant, method: Method, args: Any = None) -> Float[Array, ""]:
    """S of one step from ``instant``, in 1 / time; raises like `StiffnessEstimate`."""
    return StiffnessEstimate()(_one_step(field, instant, method, args))


def _instant(solved: Solved, cost: Cost, place: Array) -> Instant:
    step = (solved.times[-1] - solved.times[0]) / jnp.maximum(cost.accepted, 1)
    point = Instant(solved.times[place], jax.tree.map(lambda x: x[place], solved.states), step)
    return jax.tree.map(jax.lax.stop_gradient, point)


def _one_step(field: VectorField, instant: Instant, method: Method, args: Any) -> Cost:
    solver = recorded(method, method.step_size_controller)
    terms = diffrax.ODETerm(field)
    end = instant.time + instant.step
    state = solver.init(terms, instant.time, end, instant.state, args)
    *_, after, result = solver.step(terms, instant.time, end, instant.state, args, state, False)
    assert isinstance(after, RecordedState)
    one, none = jnp.ones((), int), jnp.zeros((), int)
    return Cost(
        None,
        one,
        none,
        after.errors if solver.has_errors else None,
        after.stiffnesses if solver.has_stiffness else None,
        result,
    )
