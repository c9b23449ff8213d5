"""Datasets of stationary diffusion: random media, and the solution in each."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc
import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PRNGKeyArray

from neuralpde.equations import Darcy
from neuralpde.solvers import solve_elliptic
from neuralpde.spaces import AbstractPrior, Dirichlet, Field, FunctionSpace, Grid, Sample, relative_l2

from .dataset import DataError, Dataset
from .generation import cell_means
from .generator import Generation, generated
from .recipe import AbstractRecipe, Report, plain

_TOLERANCE = 1e-10


def stationary(
    name: str,
    medium: AbstractPrior,
    resolution: int,
    source: float | int = 1.0,
    refine: int = 1,
    test_resolutions: Sequence[int] = (),
    train: int = 1000,
    validation: int = 0,
    test: int = 100,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    chunk: int | None = None,
    progress: bool = True,
) -> Dataset:
    """Pairs of a random medium a and the solution u of  -div(a grad u) = source,  u = 0 on the walls of a box.

    The equation is solved on cells ``refine`` times finer than ``resolution``, where the medium is evaluated afresh;
    u is averaged over the cells of the dataset, a taken at their centres. The provenance holds the distance to the
    solution on cells twice as fine, for the first samples. Raises `DataError` where an argument makes no sense.
    """
    recipe = Stationary(name, medium, resolution, float(source), refine)
    generation = Generation(recipe, train, validation, test, tuple(test_resolutions), seed)
    return generated(generation, folder, chunk, progress)


class AbstractStationary(AbstractRecipe):
    """Pairs of a random medium and a stationary solution in it, found on a grid ``refine`` times finer than stored."""

    medium: eqx.AbstractVar[AbstractPrior]
    resolution: eqx.AbstractVar[int]
    refine: eqx.AbstractVar[int]

    def __check_init__(self):
        for argument in ("resolution", "refine"):
            if getattr(self, argument) < 1:
                raise DataError(
                    f"{self.name}: {argument}={getattr(self, argument)!r} cannot be used; it must be at least 1."
                )

    @abc.abstractmethod
    def grid(self, refine: int = 1) -> Grid:
        """Where the pairs are stored, or a grid ``refine`` times finer."""

    @abc.abstractmethod
    def solution(self, key: PRNGKeyArray, refine: int) -> tuple[Field, Report]:
        """The solution by a solver on the finer grid, brought to that of the dataset; not a number where it failed."""

    @property
    def label(self) -> str:
        return str(self.resolution)

    def at(self, resolution: int) -> "AbstractStationary":
        return dataclasses.replace(self, resolution=resolution)

    def sample(self, key: PRNGKeyArray) -> tuple[Sample, Report]:
        u, report = self.solution(key, self.refine)
        return Sample(self.medium.sample(key, self.grid()), u), report

    def accuracy(self, keys: Key[Array, " n"]) -> dict[str, float]:
        # A sample that is drawn anew later has no error to tell.
        return {"finer_grid": float(jnp.nanmean(_distances(self, keys)))}


class Stationary(AbstractStationary):
    """The recipe of `stationary`, which describes the arguments."""

    name: str = eqx.field(static=True)
    medium: AbstractPrior
    resolution: int = eqx.field(static=True)
    source: float = 1.0
    refine: int = eqx.field(static=True, default=1)

    def provenance(self) -> dict[str, Any]:
        return {
            "equation": "-div(a grad u) = f on a box, u = 0 on its walls",
            "parameters": {"f": self.source},
            "recipe": plain(self),
            "solver": {
                "method": "finite volumes, harmonic means at faces; multigrid conjugate gradients in float64",
                "tolerance": _TOLERANCE,
            },
        }

    def grid(self, refine: int = 1) -> Grid:
        return self.medium.space.domain.grid(self.resolution * refine)

    def solution(self, key: PRNGKeyArray, refine: int) -> tuple[Field, Report]:
        on = self.grid(refine)
        space = FunctionSpace(self.medium.space.domain, ("u",), Dirichlet(0.0))
        equation = Darcy(self.medium.sample(key, on), self.source)
        solution = solve_elliptic(equation, space, on, tolerance=_TOLERANCE)
        # A solution that misses its tolerance is none.
        right = solution.residual <= 10 * _TOLERANCE
        u = solution.field.with_values(jnp.where(right, solution.field.values, jnp.nan))
        return cell_means(u, self.grid()), {"relative_residual": solution.residual}


@eqx.filter_jit
def _distances(recipe: AbstractStationary, keys: Key[Array, " n"]) -> Float[Array, " n"]:
    def distance(key):
        ours, better = (recipe.solution(key, refine)[0] for refine in (recipe.refine, 2 * recipe.refine))
        return relative_l2(ours, better)

    return jax.lax.map(distance, keys)
