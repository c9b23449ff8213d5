"""Datasets of waves of one frequency: random speeds, and the wave in each medium that one side excites."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import os
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations import Helmholtz, Strip
from neuralpde.solvers import solve_helmholtz
from neuralpde.spaces import AbstractPrior, Field, Free, FunctionSpace, Grid, Neumann

from .dataset import DataError, Dataset
from .generation import coarsened
from .generator import Generation, generated
from .recipe import Report, plain
from .stationary import AbstractStationary

_TOLERANCE = 1e-10


def helmholtz(
    name: str,
    medium: AbstractPrior,
    resolution: int = 101,
    frequency: float | int = 1e3,
    strip: Sequence[float] = (0.35, 0.65),
    refine: int = 2,
    largest_amplification: float | int = 1e4,
    test_resolutions: Sequence[int] = (),
    train: int = 128,
    validation: int = 0,
    test: int = 32,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    chunk: int | None = None,
    progress: bool = True,
) -> Dataset:
    """Pairs of a random speed c and the solution u of  -Laplace(u) - (frequency / c)^2 u = 0  on the unit square.

    du/dn is 1 on the ``strip`` of the upper side, 0 elsewhere: the set of de Hoop, Huang, Qian & Stuart, "The
    cost-accuracy trade-off in operator learning with neural networks", J. Mach. Learn. 1 (2022) 299, and of MgNO. Both
    functions are stored on ``resolution`` nodes an axis, both ends included; the solver's nodes are ``refine`` times as
    close. The provenance holds the distance to the solution on nodes twice as close, for the first samples.

    Close to a resonance small changes of c make large ones of u: solutions whose `HelmholtzSolution.amplification` is
    larger than ``largest_amplification`` are drawn anew, because c as it is stored, in single precision, does not
    determine them. Raises `DataError` where an argument makes no sense.
    """
    lower, upper = (float(end) for end in strip)
    recipe = HelmholtzRecipe(
        name, medium, resolution, float(frequency), (lower, upper), refine, float(largest_amplification)
    )
    generation = Generation(recipe, train, validation, test, tuple(test_resolutions), seed)
    return generated(generation, folder, chunk, progress)


class HelmholtzRecipe(AbstractStationary):
    """The recipe of `helmholtz`, which describes the arguments."""

    name: str = eqx.field(static=True)
    medium: AbstractPrior
    resolution: int = eqx.field(static=True)
    frequency: float
    strip: tuple[float, float] = eqx.field(static=True)
    refine: int = eqx.field(static=True)
    largest_amplification: float | Float[Array, ""]

    def __check_init__(self):
        if self.resolution < 2:
            raise DataError(f"{self.name}: resolution={self.resolution} cannot be used; two nodes an axis are least.")

    def provenance(self) -> dict[str, Any]:
        return {
            "equation": "-Laplace(u) - (w / c)^2 u = 0 on a square, du/dn = 1 on a strip of the upper side, else 0",
            "parameters": {"w": self.frequency, "strip": list(self.strip)},
            "recipe": plain(self),
            "solver": {"method": "cosine Galerkin, deflated GMRES, in float64", "tolerance": _TOLERANCE},
        }

    def grid(self, refine: int = 1) -> Grid:
        return self.medium.space.domain.grid(refine * (self.resolution - 1) + 1, layout="nodes")

    def solution(self, key: PRNGKeyArray, refine: int) -> tuple[Field, Report]:
        on = self.grid(refine)
        equation = Helmholtz(self.frequency, self.medium.sample(key, on))
        solution = solve_helmholtz(equation, equation.space(Strip(*self.strip)), on, tolerance=_TOLERANCE)
        right = (solution.residual <= 10 * _TOLERANCE) & (solution.amplification <= self.largest_amplification)
        # A file holds no code, hence not the strip: nothing is said of the side where it lies.
        stored = FunctionSpace(on.domain, equation.names, [Neumann(0.0), (Neumann(0.0), Free())])
        u = Field(jnp.where(right, solution.field.values, jnp.nan), on, stored)
        report = {"relative_residual": solution.residual, "amplification": solution.amplification}
        return coarsened(u, self.grid()), report
