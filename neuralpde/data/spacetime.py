"""Datasets of maps from a random function of space to a function of space and time."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PRNGKeyArray

from neuralpde.solvers import AbstractSpaceTimeProblem
from neuralpde.spaces import AbstractPrior, Box, Drawn, Field, FunctionSpace, Grid, Sample, relative_l2

from .dataset import DataError, Dataset
from .generator import Generation, generated
from .recipe import AbstractRecipe, Report, plain


def spacetime(
    name: str,
    problem: AbstractSpaceTimeProblem,
    drawn: AbstractPrior,
    resolution: int = 100,
    times: int = 100,
    until: float | int = 1.0,
    extend: bool = False,
    test_resolutions: Sequence[int] = (),
    train: int = 1000,
    validation: int = 0,
    test: int = 100,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    chunk: int | None = None,
    progress: bool = True,
) -> Dataset:
    """Pairs of a function u(x) and the solution s(x, t) that it determines, as one field on space and time.

    ``problem`` makes both of the functions that ``drawn`` draws. u is stored at ``resolution`` points of its interval,
    both ends included unless it is a period; s at these points and ``times`` equally spaced times from 0 to ``until``,
    which are scaled in proportion for ``test_resolutions``. So a trunk net sees the points (x, t), as in Lu, Jin, Pang,
    Zhang & Karniadakis, "Learning nonlinear operators via DeepONet", Nature Machine Intelligence 3 (2021) 218.

    Operators that keep their domain, such as FNO and MgNO, cannot map from space to space and time. With ``extend`` u is
    stored as a function of both, constant in time, from which they can.

    The provenance holds the distance to a better solution, for the first samples. Raises `DataError` where an argument
    makes no sense, or where solutions fail.
    """
    recipe = SpaceTime(name, problem, drawn, resolution, times, float(until), extend)
    generation = Generation(recipe, train, validation, test, tuple(test_resolutions), seed)
    return generated(generation, folder, chunk, progress)


class SpaceTime(AbstractRecipe):
    """The recipe of `spacetime`, which describes the arguments."""

    name: str = eqx.field(static=True)
    problem: AbstractSpaceTimeProblem
    drawn: AbstractPrior
    resolution: int = eqx.field(static=True)
    times: int = eqx.field(static=True)
    until: float = eqx.field(static=True)
    extend: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        for argument, least in (("resolution", 2), ("times", 2)):
            if getattr(self, argument) < least:
                raise DataError(
                    f"{self.name}: {argument}={getattr(self, argument)} cannot be used; it must be at least {least}."
                )
        if not self.until > 0:
            raise DataError(f"{self.name}: until={self.until} cannot be used; it must be more than 0.")

    @property
    def label(self) -> str:
        return str(self.resolution)

    def at(self, resolution: int) -> SpaceTime:
        times = max(2, self.times * resolution // self.resolution)
        return dataclasses.replace(self, resolution=resolution, times=times)

    def sample(self, key: PRNGKeyArray) -> tuple[Sample, Report]:
        v = Drawn(self.drawn, key)
        u = self.problem.input(v)
        on = self._grid(u.space.domain.bounds)
        sensors = u.sample(Grid(u.space.domain.bounds, on.shape[:1], on.layout[:1]))
        return Sample(_extended(sensors, on) if self.extend else sensors, self.problem.solution(v, on)), {}

    def accuracy(self, keys: Key[Array, " n"]) -> dict[str, float]:
        return {"finer_nodes_and_tolerance": float(jnp.nanmean(_distances(self, keys)))}

    def provenance(self) -> dict[str, Any]:
        return {
            "equation": self.problem.statement,
            "parameters": {},
            "recipe": plain(self),
            "solver": plain(self.problem),
        }

    def _grid(self, space: Box) -> Grid:
        layout = ("periodic" if space.axes[0].periodic else "nodes", "nodes")
        return Grid(space * Box.of(t=(0.0, self.until)), (self.resolution, self.times), layout)


def _extended(u: Field, on: Grid) -> Field:
    """A function of space as one of space and time."""
    return Field(jnp.broadcast_to(u.values[:, None], (*on.shape, 1)), on, FunctionSpace(on.domain, u.space.names))


@eqx.filter_jit
def _distances(recipe: SpaceTime, keys: Key[Array, " n"]) -> Float[Array, " n"]:
    """Relative L2 distance over space and time of each solution to a better one; NaN where one fails."""

    def distance(key):
        v = Drawn(recipe.drawn, key)
        on = recipe._grid(recipe.problem.input(v).space.domain.bounds)
        return relative_l2(*(problem.solution(v, on) for problem in (recipe.problem, recipe.problem.refined())))

    return jax.lax.map(distance, keys)
