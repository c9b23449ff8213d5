"""Datasets of evolution equations: random initial states, advanced by a solver of ours."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PRNGKeyArray

from neuralpde.equations import AbstractEquation, AbstractObservation
from neuralpde.solvers import AbstractSolver, Limit
from neuralpde.spaces import AbstractPrior, Field, Grid, Sample, Trajectory, relative_l2

from .dataset import DataError, Dataset
from .generation import coarsened
from .generator import Generation, generated
from .pairs import paired
from .recipe import AbstractRecipe, Report, plain
from .source import SampleSource, TrajectorySource


def evolution(
    name: str,
    equation: AbstractEquation,
    initial: AbstractPrior,
    solver: AbstractSolver,
    resolution: int | Sequence[int],
    interval: float,
    frames: int,
    start: float = 0.0,
    output: str = "trajectory",
    refine: int = 1,
    vary: Mapping[str, Sequence[float] | AbstractPrior] | None = None,
    observe: AbstractObservation | None = None,
    pairs: Callable[[TrajectorySource], SampleSource] | None = None,
    test_resolutions: Sequence[int] = (),
    train: int = 100,
    validation: int = 0,
    test: int = 20,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    chunk: int | None = None,
    progress: bool = True,
) -> Dataset:
    """Solutions of an evolution equation from random initial states, made once and then read from ``folder``.

    ``initial`` draws states on the domain of its space; ``solver`` advances them on a grid ``refine`` times finer than
    ``resolution`` (one number for all axes, or one an axis) and ``frames`` states are kept, ``interval`` apart, the
    first of them at the time ``start``. With ``output="trajectory"`` a sample maps the first frame to the
    trajectory of all frames; with ``"final"`` to the last frame. ``vary`` draws parameters of the equation anew for each
    sample: uniformly between two bounds, which the sample keeps as a parameter, or from a prior, whose components its
    input has after those of the first frame. ``observe`` says what is kept of a state,
    where that is not all of it: `Primitive` variables, some `Components`. ``pairs``, such as `frames`, cuts the stored
    trajectories into pairs when they are read.

    The provenance holds estimates of the error: the distance to the solution with half the step, and to that on a
    grid twice as fine, for the first samples. Warns (`ResolutionWarning`) where grid or step do not
    resolve the solutions. Raises `DataError` where an argument makes no sense, or where solutions fail.
    """
    drawn = sorted((vary or {}).items())
    recipe = Evolution(
        name=name,
        equation=equation,
        initial=initial,
        solver=solver,
        resolution=tuple(resolution) if isinstance(resolution, Sequence) else (resolution,),
        interval=float(interval),
        frames=frames,
        start=float(start),
        output=output,
        refine=refine,
        vary=tuple((key, float(law[0]), float(law[1])) for key, law in drawn if not isinstance(law, AbstractPrior)),
        functions=tuple((key, law) for key, law in drawn if isinstance(law, AbstractPrior)),
        observe=observe,
    )
    generation = Generation(recipe, train, validation, test, tuple(test_resolutions), seed)
    dataset = generated(generation, folder, chunk, progress)
    return dataset if pairs is None else paired(dataset, pairs)


class Evolution(AbstractRecipe):
    """The recipe of `evolution`, which describes the arguments."""

    name: str = eqx.field(static=True)
    equation: AbstractEquation
    initial: AbstractPrior
    solver: AbstractSolver
    resolution: tuple[int, ...] = eqx.field(static=True)
    interval: float = eqx.field(static=True)
    frames: int = eqx.field(static=True)
    start: float = eqx.field(static=True, default=0.0)
    output: str = eqx.field(static=True, default="trajectory")
    refine: int = eqx.field(static=True, default=1)
    vary: tuple[tuple[str, float, float], ...] = eqx.field(static=True, default=())
    functions: tuple[tuple[str, AbstractPrior], ...] = ()
    observe: AbstractObservation | None = None

    def __check_init__(self):
        self._expect("resolution", min(self.resolution) >= 1, "one number, or one an axis, each at least 1")
        self._expect("interval", self.interval > 0, "more than 0")
        self._expect("frames", self.frames >= 2, "at least 2")
        self._expect("start", self.start >= 0, "0 or more")
        self._expect("output", self.output in ("trajectory", "final"), "'trajectory' or 'final'")
        self._expect("refine", self.refine >= 1, "at least 1")
        known = [field.name for field in dataclasses.fields(self.equation)]
        for key, low, high in self.vary:
            self._expect("vary", key in known and low <= high, f"bounds (low, high) of parameters among {known}")
        self._expect("functions", all(key in known for key, _ in self.functions), f"priors of parameters among {known}")

    def _expect(self, argument: str, right: bool, expected: str) -> None:
        if not right:
            raise DataError(f"{self.name}: {argument}={getattr(self, argument)!r} cannot be used; expected {expected}.")

    @property
    def label(self) -> str:
        return "x".join(map(str, self.resolution))

    def at(self, resolution: int) -> Evolution:
        """The first axis at ``resolution``, the others in proportion."""
        shape = tuple(n * resolution // self.resolution[0] for n in self.resolution)
        return dataclasses.replace(self, resolution=shape)

    def sample(self, key: PRNGKeyArray) -> tuple[Sample, Report]:
        equation, solution, parameters = self._solve(key, self.solver, self.refine)
        trajectory = self._kept(equation, solution)
        frame = lambda i: jax.tree.map(lambda values: values[i], trajectory.field)
        inputs = _joined([frame(0), *self._drawn_functions(key, 1).values()])
        targets = trajectory if self.output == "trajectory" else frame(-1)
        return Sample(inputs, targets, parameters), self.solver.figures(equation, solution)

    @property
    def limits(self) -> Mapping[str, Limit]:
        return self.solver.limits

    def accuracy(self, keys: Key[Array, " n"]) -> dict[str, float]:
        # A sample that is drawn anew later has no error to tell.
        return {name: float(jnp.nanmean(errors)) for name, errors in _distances(self, keys).items()}

    def provenance(self) -> dict[str, Any]:
        numbers = {f.name: getattr(self.equation, f.name) for f in dataclasses.fields(self.equation)}
        return {
            "equation": (type(self.equation).__doc__ or "").strip().splitlines()[0],
            "parameters": {key: plain(value) for key, value in numbers.items() if isinstance(value, int | float)},
            "recipe": plain(self),
            "solver": plain(self.solver),
        }

    def _drawn_parameters(self, key: PRNGKeyArray) -> dict[str, Float[Array, ""]]:
        key = jax.random.split(key)[1]
        return {
            name: jax.random.uniform(jax.random.fold_in(key, i), minval=low, maxval=high)
            for i, (name, low, high) in enumerate(self.vary)
        }

    def _drawn_functions(self, key: PRNGKeyArray, refine: int) -> dict[str, Field]:
        key = jax.random.split(key)[1]
        return {
            name: prior.sample(jax.random.fold_in(key, i), self._grid(refine))
            for i, (name, prior) in enumerate(self.functions, start=len(self.vary))
        }

    def _solve(
        self, key: PRNGKeyArray, solver: AbstractSolver, refine: int
    ) -> tuple[AbstractEquation, Trajectory, dict[str, Float[Array, ""]]]:
        """The equation that was drawn, its solution on a grid ``refine`` times finer, and its parameters."""
        state = self.initial.sample(jax.random.split(key)[0], self._grid(refine))
        parameters = self._drawn_parameters(key)
        equation = dataclasses.replace(self.equation, **parameters, **self._drawn_functions(key, refine))
        times, kept = self._times()
        solution = solver.solve(equation, state, times)
        return equation, jax.tree.map(lambda leaf: leaf[-kept:], solution), parameters

    def _kept(self, equation: AbstractEquation, solution: Trajectory) -> Trajectory:
        """What is stored of a solution."""
        return Trajectory(solution.times, jax.vmap(lambda u: self._stored(equation, u))(solution.field))

    def _times(self) -> tuple[list[float], int]:
        """Times from zero on, equally spaced wherever that is possible, and how many of them are kept."""
        before = round(self.start / self.interval)
        if abs(before * self.interval - self.start) < 1e-9 * self.interval:
            return [self.interval * i for i in range(before + self.frames)], self.frames
        return [0.0, *(self.start + self.interval * i for i in range(self.frames))], self.frames

    def _grid(self, refine: int) -> Grid:
        domain = self.initial.space.domain
        shape = self.resolution if len(self.resolution) == domain.dim else self.resolution * domain.dim
        return domain.grid(*(n * refine for n in shape))

    def _stored(self, equation: AbstractEquation, u: Field) -> Field:
        """What is kept of a state, on the grid of the dataset."""
        on = self._grid(1)
        if u.on != on:
            restricted = self.solver.restrict(equation, u, on)
            u = coarsened(u, on) if restricted is None else restricted
        return u if self.observe is None else self.observe(equation, u)


def _joined(fields: Sequence[Field]) -> Field:
    """One field with the components of all; what holds at the walls for some of them is forgotten."""
    if len(fields) == 1:
        return fields[0]
    names = tuple(name for field in fields for name in field.space.names)
    values = jnp.concatenate([field.values for field in fields], axis=-1)
    return Field(values, fields[0].on, fields[0].space.free(names))


@eqx.filter_jit
def _distances(recipe: Evolution, keys: Key[Array, " n"]) -> dict[str, Float[Array, " n"]]:
    """Relative L2 distance of the last frame of each sample to those of better solutions; NaN where one fails."""

    def last(key, solver, refine):
        equation, solution, _ = recipe._solve(key, solver, refine)
        return recipe._stored(equation, jax.tree.map(lambda values: values[-1], solution.field))

    def on_finer_grid(key):
        # Explicit steps that are stable on the grid itself may be too long there.
        same_step = last(key, recipe.solver, 2 * recipe.refine)
        halved = lambda: last(key, recipe.solver.refined(), 2 * recipe.refine)
        return jax.lax.cond(jnp.isfinite(same_step.values).all(), lambda: same_step, halved)

    def distances(key):
        ours = last(key, recipe.solver, recipe.refine)
        half_step = last(key, recipe.solver.refined(), recipe.refine)
        return {"half_step": relative_l2(ours, half_step), "finer_grid": relative_l2(ours, on_finer_grid(key))}

    return jax.lax.map(distances, keys)
