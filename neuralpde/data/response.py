"""Datasets of driven systems: a random forcing u(t), and the state s(t) that it brings about from rest."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PRNGKeyArray

from neuralpde.equations import AbstractODE
from neuralpde.solvers import solve_ode
from neuralpde.spaces import AbstractPrior, Field, FunctionSpace, Grid, Sample, relative_l2

from .dataset import DataError, Dataset
from .generator import Generation, generated
from .recipe import AbstractRecipe, Report, plain

_RTOL, _ATOL = 1e-8, 1e-10
_NODES = 1001


def response(
    name: str,
    equation: AbstractODE,
    forcing: AbstractPrior,
    resolution: int = 100,
    train: int = 1000,
    validation: int = 0,
    test: int = 100,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    chunk: int | None = None,
    progress: bool = True,
) -> Dataset:
    """Pairs of a random forcing u and the solution s of an ordinary differential equation that it drives.

    ``equation`` has an argument ``forcing``, which is replaced by the draws of ``forcing``: functions of time on an
    interval that begins at zero. Both are stored at ``resolution`` equally spaced times, both ends included; the
    solver takes u from 1001 of them by cubic interpolation, as do Lu, Jin, Pang, Zhang & Karniadakis, "Learning
    nonlinear operators via DeepONet", Nature Machine Intelligence 3 (2021) 218, whose first problems these are.

    Raises `DataError` where an argument makes no sense, or where solutions fail.
    """
    recipe = Response(name, equation, forcing, resolution)
    return generated(Generation(recipe, train, validation, test, (), seed), folder, chunk, progress)


class Response(AbstractRecipe):
    """The recipe of `response`, which describes the arguments."""

    name: str = eqx.field(static=True)
    equation: AbstractODE
    forcing: AbstractPrior
    resolution: int = eqx.field(static=True)

    def __check_init__(self):
        fields = [field.name for field in dataclasses.fields(self.equation)]
        if "forcing" not in fields:
            raise DataError(
                f"{self.name}: {type(self.equation).__name__} has no argument 'forcing' but {fields}; choose an "
                "equation that is driven, such as Antiderivative, ForcedRiccati or Pendulum."
            )
        if self.resolution < 2:
            raise DataError(f"{self.name}: resolution={self.resolution} cannot be used; it must be at least 2.")

    @property
    def label(self) -> str:
        return str(self.resolution)

    def at(self, resolution: int) -> Response:
        return dataclasses.replace(self, resolution=resolution)

    def sample(self, key: PRNGKeyArray) -> tuple[Sample, Report]:
        return Sample(self.forcing.sample(key, self._grid()), self._solution(key, 1)), {}

    def accuracy(self, keys: Key[Array, " n"]) -> dict[str, float]:
        return {"finer_nodes_and_tolerance": float(jnp.nanmean(_distances(self, keys)))}

    def provenance(self) -> dict[str, Any]:
        return {
            "equation": (type(self.equation).__doc__ or "").strip().splitlines()[0],
            "parameters": {},
            "recipe": plain(self),
            "solver": {"method": "Tsit5 of diffrax, in float64", "rtol": _RTOL, "atol": _ATOL},
        }

    def _grid(self) -> Grid:
        return self.forcing.space.domain.grid(self.resolution, layout="nodes")

    def _solution(self, key: PRNGKeyArray, refine: int) -> Field:
        """The response, with the forcing from more nodes and tolerances smaller by ``refine^4``."""
        domain, on = self.forcing.space.domain, self._grid()
        forcing = self.forcing.sample(key, domain.grid(refine * (_NODES - 1) + 1, layout="nodes"))
        equation = dataclasses.replace(self.equation, forcing=forcing)
        last, n = domain.bounds.upper[0], self.resolution
        times = [last * i / (n - 1) for i in range(n)]
        rtol, atol = _RTOL / refine**4, _ATOL / refine**4
        states = solve_ode(equation, equation.initial_state(), times, rtol=rtol, atol=atol)
        return Field(states, on, FunctionSpace(domain, equation.names))


@eqx.filter_jit
def _distances(recipe: Response, keys: Key[Array, " n"]) -> Float[Array, " n"]:
    return jax.lax.map(lambda key: relative_l2(recipe._solution(key, 1), recipe._solution(key, 2)), keys)
