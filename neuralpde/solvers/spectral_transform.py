"""The spectral transform method: spherical harmonics on the sphere, exponential Runge-Kutta steps in time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neuralpde.equations import AbstractEquation, SphereShallowWater
from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDiscretization, Field, Grid, Trajectory
from neuralpde.spaces.spherical_harmonics import SphericalHarmonics, latitude_longitude, resolved_degree

from .etdrk import METHODS, exponential_step
from .solver import AbstractSolver
from .times import common_substeps


class SpectralTransform(AbstractSolver):
    """Solver of `SphereShallowWater`: spectral in space, of order 1 to 4 in time.

    Harmonics up to ``degree`` T, products on enough Gaussian latitudes to have no aliasing (Orszag, J. Atmos. Sci. 27
    (1970) 890; Hack & Jakob, NCAR Technical Note TN-343, 1992), and the exponential methods of `ETDRK`, which solve
    gravity waves and hyperdiffusion exactly: the step is limited by wind and rotation alone. The volume of water is
    kept to round-off.

    step: the longest time step, s; the shortest interval between output times is divided evenly. degree: by default a third
    of the longitudes, ``(longitudes - 1) // 3``, or what the latitudes hold. What an initial field has above it is cut
    off. States are values at the points of the initial field's grid, exact sums of the harmonics also there.
    """

    step: float = eqx.field(static=True)
    order: int = eqx.field(static=True, default=4)
    degree: int | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if self.order not in METHODS:
            raise ArgumentError(f"SpectralTransform has the orders {list(METHODS)}, got order={self.order}.")

    def solve(self, equation: AbstractEquation, initial: Field, times: Sequence[float]) -> Trajectory:
        """The states at ``times``, of which the first is ``initial`` up to the degree.

        Raises ``ValueError`` for another equation, grid or set of components, for a degree that the grid does not
        hold, or times whose intervals are not multiples of the shortest.
        """
        if not isinstance(equation, SphereShallowWater):
            raise ArgumentError(
                f"SpectralTransform solves the equation SphereShallowWater, got {type(equation).__name__}."
            )
        h, counts = common_substeps(times, self.step)
        dtype = initial.values.dtype
        # Steps and counts are arguments of the program, which serves steps of every length.
        values = _states(
            equation, initial, jnp.asarray(h, dtype), jnp.asarray(counts), self.order, self._degree(initial.on)
        )
        return Trajectory(jnp.asarray(times, dtype), Field.stack(values, initial.on, initial.space))

    def refined(self) -> SpectralTransform:
        """Half the step."""
        return dataclasses.replace(self, step=self.step / 2)

    def restrict(self, equation: SphereShallowWater, u: Field, on: Grid) -> Field:
        """The harmonics of a state that another grid holds, at its points."""
        degree = min(self._degree(u.on), resolved_degree(on))
        spectrum = equation.analyse(u, degree)
        return Field(equation.synthesise(spectrum, SphericalHarmonics.on_grid(on, degree, u.values.dtype)), on, u.space)

    def _degree(self, on: AbstractDiscretization) -> int:
        latitudes, longitudes = latitude_longitude(on)
        return min((longitudes - 1) // 3, latitudes - 1) if self.degree is None else self.degree


@eqx.filter_jit
def _states(
    equation: SphereShallowWater,
    initial: Field,
    h: Float[Array, ""],
    counts: Int[Array, " intervals"],
    order: int,
    degree: int,
) -> Float[Array, "time lat lon c"]:
    dtype = initial.values.dtype
    gauss, on = SphericalHarmonics.gaussian(degree, dtype), SphericalHarmonics.on_grid(initial.on, degree, dtype)
    step = exponential_step(order, equation.symbol(gauss), equation.nonlinear(gauss), h, gauss.dim)

    def interval(spectrum, count):
        spectrum = jax.lax.fori_loop(0, count, lambda _, s: step(s), spectrum)
        return spectrum, spectrum

    first = equation.analyse(initial, degree)
    _, later = jax.lax.scan(interval, first, counts)
    return jax.lax.map(lambda spectrum: equation.synthesise(spectrum, on), jnp.concatenate([first[None], later]))
