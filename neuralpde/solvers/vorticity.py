"""The scheme by which the Navier-Stokes benchmark of Fourier neural operators was made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation, Vorticity
from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field, Trajectory

from .etdrk import in_precision, march, transform
from .resolution import FOURIER_LIMITS, STEP, fourier_figures
from .solver import AbstractSolver, Limit
from .times import uniform_substeps


class CrankNicolsonVorticity(AbstractSolver):
    """Fourier series in space; Crank-Nicolson for diffusion and drag, explicit Euler for advection and forcing:

    (1 - h L / 2) w^{n+1} = (1 + h L / 2) w^n + h (f - u . grad w),  L = nu Laplace - mu.

    First order in time; Li et al., "Fourier neural operator for parametric partial differential equations", ICLR
    2021, appendix A.3.3, took h = 1e-4. The advection is computed as it stands, with five transforms, so that the
    solver is independent of the equation's own spectral form; `ETDRK` is the better choice where nobody's data has
    to be met.

    step: the longest time step. dealias: fraction of the wavenumbers kept in the advection.
    """

    limits: ClassVar[Mapping[str, Limit]] = FOURIER_LIMITS | {
        STEP: dataclasses.replace(FOURIER_LIMITS[STEP], largest=1.0)
    }
    step: float = eqx.field(static=True)
    dealias: float = eqx.field(static=True, default=2 / 3)

    def solve(self, equation: AbstractEquation, initial: Field, times: Sequence[float]) -> Trajectory:
        """The vorticities at equally spaced ``times``, the first of which is ``initial``.

        Raises ``ValueError`` for any other equation than `Vorticity`, a grid that is not periodic, or times that are
        not equally spaced.
        """
        return _solve(self, equation, initial, tuple(map(float, times)))

    def refined(self) -> CrankNicolsonVorticity:
        return dataclasses.replace(self, step=self.step / 2)

    def figures(self, equation: AbstractEquation, solution: Trajectory) -> dict[str, Float[Array, ""]]:
        """The tail of the spectrum, and the step against the speed of advection; see `fourier_figures`."""
        assert isinstance(equation, Vorticity)
        return fourier_figures(equation, solution, self.step, self.dealias)


@eqx.filter_jit
def _solve(
    solver: CrankNicolsonVorticity, equation: AbstractEquation, initial: Field, times: tuple[float, ...]
) -> Trajectory:
    if not isinstance(equation, Vorticity):
        raise ArgumentError(f"CrankNicolsonVorticity solves the equation Vorticity, got {type(equation).__name__}.")
    fourier = transform(equation, initial, solver.dealias)
    h, substeps = uniform_substeps(times, solver.step)
    equation = in_precision(equation, fourier.dtype)
    d_x, d_y, laplace = fourier.derivative(0), fourier.derivative(1), fourier.laplacian()
    half = h / 2 * (equation.viscosity * laplace - equation.drag)
    to_streamfunction = jnp.where(laplace == 0, 0.0, -1 / jnp.where(laplace == 0, 1.0, laplace))
    forcing = jnp.zeros((), initial.values.dtype)
    if equation.forcing is not None:
        forcing = fourier.analyse(equation.forcing.sample(fourier.grid))

    def step(w):
        psi = to_streamfunction * w
        u, v = fourier.inverse(d_y * psi), fourier.inverse(-d_x * psi)
        advection = fourier.forward(u * fourier.inverse(d_x * w) + v * fourier.inverse(d_y * w))
        return ((1 + half) * w + h * (forcing - advection)) / (1 - half)

    return march(step, initial, fourier, times, substeps)
