"""Evolution solved again: from one stored state to the next.

Of every trajectory the interval with the largest change is solved, and those around the state that fits least between its
neighbours, which is where a state out of order shows. The solution on the stored grid is compared with the next stored
state. Where they differ by more than rounding, the interval is solved once more, with half the step on a grid twice as
fine: the distance of both solutions tells how large the error of the first may be, of which five times are allowed. Where
a solver without shocks had a finer grid than the stored one, so is the change that leaving out every second stored point
would make: that much of the state may not be in the file.
"""

from __future__ import annotations

import dataclasses
from functools import partial

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from neuralpde.data.dataset import as_field
from neuralpde.data.generation import coarsened
from neuralpde.equations import AbstractEquation, AbstractIncompressibleFlow
from neuralpde.solvers import AbstractSolver, FiniteVolume
from neuralpde.spaces import Field, FunctionSpace, Grid, Trajectory

from .batches import over_all
from .checks import Figures
from .problem import Problem, problem_of
from .rebuilding import rebuilt
from .report import ROUNDING, NotApplicable
from .slabs import Slab

MARGIN = 5.0
_SMALL = 1e-3
"""Components smaller than this part of the largest are compared with that."""


def evolved(slab: Slab) -> Figures:
    """Relative distance of a stored state from the one solved again, and what is allowed there: (sample,)."""
    problem, states = problem_of(slab.split), slab.states
    on = as_field(slab.sample.targets).on
    if states is None or not isinstance(on, Grid):
        raise NotApplicable("the samples are no states on a grid")
    if isinstance(problem.equation, AbstractIncompressibleFlow):
        raise NotApplicable("velocities are stored at centres of cells, the solver has them on faces")
    home, first = _intervals(states)
    with jax.enable_x64(True):
        parameters = {name: np.asarray(values)[home] for name, values in problem.parameters(slab).items()}
        distance, allowed = _distances(slab, problem, states[home, first], states[home, first + 1], parameters)
    worst = _worst(distance / allowed, home)
    return {"distance": distance[worst], "allowed": allowed[worst]}


def _intervals(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples and first states of the intervals that are solved."""
    count, steps = states.shape[0], states.shape[1] - 1
    flat = states.reshape(count, steps + 1, -1)
    change = np.stack([_norm(flat[:, i + 1] - flat[:, i]) for i in range(steps)], 1)
    chosen = {(row, int(change[row].argmax())) for row in range(count)}
    if steps > 1:
        kink = np.stack([_norm(flat[:, i + 2] - 2 * flat[:, i + 1] + flat[:, i]) for i in range(steps - 1)], 1)
        total = change[:, 1:] + change[:, :-1]
        at = (kink / np.where(total > 0, total, 1.0)).argmax(1)
        chosen |= {(row, int(at[row]) + i) for row in range(count) for i in (0, 1)}
    home, first = np.array(sorted(chosen)).T
    return home, first


def _norm(flat: np.ndarray) -> np.ndarray:
    return np.linalg.norm(flat.astype(float), axis=1)


def _worst(ratio: np.ndarray, home: np.ndarray) -> np.ndarray:
    """Place of the largest ratio of each sample."""
    order = np.lexsort((-ratio, home))
    return order[np.unique(home[order], return_index=True)[1]]


def _distances(
    slab: Slab, problem: Problem, start: np.ndarray, end: np.ndarray, parameters: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Distance and what is allowed, of every interval; infinitely much where a solver fails."""
    field, scale, cells = as_field(slab.sample.targets), _scale(start, end), start[0].size
    solver = rebuilt(problem.recipe.get("solver"), AbstractSolver)
    solve = partial(_advanced, problem.equation, on=field.on, space=field.space, interval=_interval(slab, problem))
    found = over_all(partial(solve, solver=solver, finer=1), {"states": start, "parameters": parameters}, cells)
    distance, allowed = _far(found, end, scale), np.full(len(found), ROUNDING)
    doubtful = np.flatnonzero(~(distance <= ROUNDING))
    if len(doubtful):
        inputs = jax.tree.map(lambda leaf: leaf[doubtful], {"states": start, "parameters": parameters})
        better = over_all(partial(solve, solver=solver.refined(), finer=2), inputs, 2 ** (start.ndim - 2) * cells)
        error = _far(better, found[doubtful], scale[doubtful])
        distance[doubtful] = _far(better, end[doubtful], scale[doubtful])
        allowed[doubtful] = np.maximum(ROUNDING, MARGIN * np.nan_to_num(error, nan=np.inf))
        if problem.refine > 1 and not isinstance(solver, FiniteVolume):
            thinned = over_all(partial(_thinned, field.on, field.space), {"states": start[doubtful]}, cells)
            allowed[doubtful] = np.maximum(allowed[doubtful], _far(thinned, start[doubtful], scale[doubtful]))
    return np.nan_to_num(distance, nan=0.0), allowed


def _interval(slab: Slab, problem: Problem) -> float:
    """The stated time from one of the states to the next."""
    steps = 1 if isinstance(slab.sample.targets, Trajectory) else problem.recipe["frames"] - 1
    return float(problem.recipe["interval"] * steps)


def _scale(*states: np.ndarray) -> np.ndarray:
    """Size of every component: (interval, channel)."""
    size = np.sqrt(sum(np.mean(u.astype(float) ** 2, axis=tuple(range(1, u.ndim - 1))) for u in states) / len(states))
    return np.maximum(size, _SMALL * size.max(1, keepdims=True)) + np.finfo(float).tiny


def _far(a: np.ndarray, b: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Largest distance of a component, over its size: (interval,)."""
    return (np.sqrt(np.mean((a - b) ** 2, axis=tuple(range(1, a.ndim - 1)))) / scale).max(1)


@eqx.filter_jit
def _thinned(on: Grid, space: FunctionSpace, states: Float[Array, "n *grid c"]) -> Float[Array, "n *grid c"]:
    """States interpolated from a grid with half as many points, as far as there is one."""
    half = on.with_shape(*(n // 2 if n % 2 == 0 else n for n in on.shape))
    return jax.vmap(lambda u: coarsened(Field(u, on, space), half).resample(on).values)(states)


@eqx.filter_jit
def _advanced(
    equation: AbstractEquation,
    solver: AbstractSolver,
    on: Grid,
    space: FunctionSpace,
    interval: float,
    finer: int,
    states: Float[Array, "n *grid c"],
    parameters: dict[str, Float[Array, " n"]],
) -> Float[Array, "n *grid c"]:
    """States one interval later, on the grid ``on``, solved on one ``finer`` times finer."""
    grid = on.with_shape(*(finer * n for n in on.shape))
    # A series or a cubic has ripples beside a shock.
    method = "linear" if isinstance(solver, FiniteVolume) else None

    def advanced(values, parameters):
        state = Field(values, on, space).resample(grid, method)
        later = solver.solve(dataclasses.replace(equation, **parameters), state, [0.0, interval])
        return coarsened(state.with_values(later.field.values[-1]), on).values

    return jax.vmap(advanced)(states, parameters)
