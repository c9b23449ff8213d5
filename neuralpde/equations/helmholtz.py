"""The Helmholtz equation: waves of one frequency in a medium, shaken at a part of its wall."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import (
    AbstractDiscretization,
    AbstractFunction,
    AbstractPrior,
    Box,
    ClosedForm,
    Field,
    FunctionSpace,
    Neumann,
)

from .derivatives import laplacian
from .equation import AbstractEquation, Coefficient, PointFunction, coefficient_at


@dataclasses.dataclass(frozen=True)
class Strip:
    """Boundary data: ``height`` where ``lower <= x_axis <= upper``, else 0; lengths in the domain's units."""

    lower: float
    upper: float
    height: float = 1.0
    axis: int = 0

    def __post_init__(self):
        if not self.lower < self.upper:
            raise ArgumentError(f"A strip needs lower < upper, got [{self.lower}, {self.upper}]; swap the two ends.")

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        inside = (x[self.axis] >= self.lower) & (x[self.axis] <= self.upper)
        return jnp.where(inside, self.height, 0.0).astype(x.dtype)[None]


class Helmholtz(AbstractEquation):
    """Helmholtz equation  -Laplace(u) - (w / c)^2 u = f.

    frequency: w, an angle a unit of time. speed: c(x) > 0, a length a unit of time, a function of one component or a
    number. source: f(x), a function of one component or a number.

    With the defaults a wave is an eighth of the unit square long. So it is in the benchmark of de Hoop, Huang, Qian &
    Stuart, "The cost-accuracy trade-off in operator learning with neural networks", J. Mach. Learn. 1 (2022) 299, which
    MgNO uses; `BoundedSpeed` draws its media and `space` holds its conditions.
    """

    names: ClassVar[tuple[str, ...]] = ("u",)
    frequency: float | Float[Array, ""] = 1e3
    speed: Coefficient = 20.0
    source: Coefficient = 0.0

    def space(self, strip: Strip = Strip(0.35, 0.65)) -> FunctionSpace:
        """Functions on the unit square with du/dn = 1 on a strip of the upper side and 0 elsewhere."""
        return FunctionSpace(Box.cube(2), self.names, [Neumann(0.0), (Neumann(0.0), Neumann(strip))])

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """-Laplace(u) - (w / c)^2 u - f"""
        k = self.frequency / coefficient_at(self.speed, x)
        return -laplacian(u, range(len(x)))(x) - k**2 * u(x) - coefficient_at(self.source, x)

    def exact(self, domain: Box, direction: tuple[float, ...] = (0.6, 0.8)) -> AbstractFunction:
        """The plane wave ``cos(k n . x)``, k = w / c, for a constant speed, no source and a direction n of length one."""
        if callable(self.speed):
            raise self._lacks("an exact solution for a speed that varies")

        def wave(x):
            k = self.frequency / coefficient_at(self.speed, x)
            return jnp.cos(k * x @ jnp.asarray(direction, x.dtype))[None]

        return ClosedForm(wave, FunctionSpace(domain))


class BoundedSpeed(AbstractPrior):
    """``mean + deviation tanh(g)`` for a random field g: speeds of waves between two bounds, one component "c".

    With a Gaussian field of mean zero, covariance (-Laplace + 9)^-2 and Neumann conditions, the medium of de Hoop et
    al. (see `Helmholtz`), who sum the 100 smoothest terms of its series.
    """

    level: AbstractPrior
    mean: float = eqx.field(static=True, default=20.0)
    deviation: float = eqx.field(static=True, default=1.0)

    @property
    def space(self) -> FunctionSpace:
        return self.level.space.free(("c",))

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One medium; the same function on every ``on`` for one key."""
        return self.level.sample(key, on).map(lambda g: self.mean + self.deviation * jnp.tanh(g), names=("c",))
