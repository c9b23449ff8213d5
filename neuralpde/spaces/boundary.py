"""Boundary conditions: what is known of a function at a side of its domain.

One object serves three trades: `pad` extends grid values past a side for the stencils of a network, `residual`
measures by how much a function misses the condition (a PINN's boundary loss), and `lift` changes a function so
that it meets the condition exactly (a hard constraint). Conditions are static and hashable.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError

PointFunction = Callable[[Float[Array, " d"]], Float[Array, " c"]]
Datum = float | tuple[float, ...] | PointFunction


def datum_at(g: Datum, x: Float[Array, " d"]) -> Float[Array, "#c"]:
    """Value of boundary data (a number, one number a channel, or a function of x) at a point."""
    return jnp.atleast_1d(jnp.asarray(g(x) if callable(g) else g, x.dtype))


class AbstractBoundaryCondition(abc.ABC):
    """A condition on one side of a domain. ``n`` is always the outward unit normal."""

    @property
    @abc.abstractmethod
    def pad_mode(self) -> str:
        """How a network's stencil sees past the side: ``wrap``, ``constant``, ``reflect`` or ``edge``.

        These are the extensions that multigrid and U-Net operators use (MgNO, SineNet): a Dirichlet side is
        continued by its constant value, a Neumann side is mirrored, a periodic one is wrapped.
        """

    @property
    def pad_value(self) -> float:
        """The constant outside, where `pad_mode` is ``constant``."""
        return 0.0

    @abc.abstractmethod
    def residual(self, u: PointFunction, x: Float[Array, " d"], n: Float[Array, " d"]) -> Float[Array, " c"]:
        """How far ``u`` is from meeting the condition at the boundary point ``x``."""

    @abc.abstractmethod
    def lift(self, u: PointFunction, phi: Callable[[Float[Array, " d"]], Float[Array, ""]]) -> PointFunction:
        """A function that meets the condition whatever ``u`` is.

        ``phi`` is positive inside, zero on the side, and has an inward normal derivative of one there (a
        normalised approximate distance function; Sukumar & Srivastava, CMAME 389 (2022) 114333, section 4).
        """


@dataclasses.dataclass(frozen=True)
class Periodic(AbstractBoundaryCondition):
    """The two ends of an axis are one point."""

    @property
    def pad_mode(self) -> str:
        return "wrap"

    def residual(self, u, x, n):
        """Zero: periodicity is a property of the domain, which coordinate networks meet by construction."""
        return jnp.zeros_like(u(x))

    def lift(self, u, phi):
        return u


@dataclasses.dataclass(frozen=True)
class Free(AbstractBoundaryCondition):
    """Nothing is known at this side."""

    @property
    def pad_mode(self) -> str:
        return "edge"

    def residual(self, u, x, n):
        return jnp.zeros_like(u(x))

    def lift(self, u, phi):
        return u


@dataclasses.dataclass(frozen=True)
class Dirichlet(AbstractBoundaryCondition):
    """u = g on the side."""

    g: Datum = 0.0

    @property
    def pad_mode(self) -> str:
        return "constant"

    @property
    def pad_value(self) -> float:
        return float(self.g) if isinstance(self.g, int | float) else 0.0

    def residual(self, u, x, n):
        return u(x) - datum_at(self.g, x)

    def lift(self, u, phi):
        return lambda x: datum_at(self.g, x) + phi(x) * u(x)


@dataclasses.dataclass(frozen=True)
class Neumann(AbstractBoundaryCondition):
    """du/dn = g on the side, n outward."""

    g: Datum = 0.0

    @property
    def pad_mode(self) -> str:
        return "reflect"

    def residual(self, u, x, n):
        return _normal_derivative(u, x, n) - datum_at(self.g, x)

    def lift(self, u, phi):
        return lambda x: _lift_flux(u, phi, x, lambda v: datum_at(self.g, x))


@dataclasses.dataclass(frozen=True)
class Robin(AbstractBoundaryCondition):
    """a u + b du/dn = g on the side, n outward, b not zero."""

    a: float = 1.0
    b: float = 1.0
    g: Datum = 0.0

    def __post_init__(self):
        if self.b == 0:
            raise ArgumentError("Robin needs b != 0; with b = 0 the condition is Dirichlet(g / a).")

    @property
    def pad_mode(self) -> str:
        return "edge"

    def residual(self, u, x, n):
        return self.a * u(x) + self.b * _normal_derivative(u, x, n) - datum_at(self.g, x)

    def lift(self, u, phi):
        return lambda x: _lift_flux(u, phi, x, lambda v: (datum_at(self.g, x) - self.a * v) / self.b)


def _normal_derivative(u: PointFunction, x: Float[Array, " d"], n: Float[Array, " d"]) -> Float[Array, " c"]:
    return jax.jvp(u, (x,), (n,))[1]


def _lift_flux(u, phi, x, flux):
    """u + phi (du/dn - flux(u)), whose outward derivative at phi = 0 is flux(u), since d phi / dn = -1 there."""
    distance, inward = jax.value_and_grad(phi)(x)
    value, slope = jax.jvp(u, (x,), (-inward,))
    return value + distance * (slope - flux(value))
