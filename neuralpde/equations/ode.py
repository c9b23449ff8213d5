"""Ordinary differential equations: what each offers to solvers, networks and generators of data."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, Box

from .derivatives import rate
from .equation import AbstractEquation, PointFunction

Scalar = float | Float[Array, ""]
Forcing = AbstractFunction | Callable[[Float[Array, " 1"]], Float[Array, " 1"]] | float | int


class AbstractODE(AbstractEquation):
    """dy/dt = f(t, y) for a state y of shape (c,), one entry for each of `names`.

    Time is the only coordinate: the points of a solution as a function are t, of shape (1,). Unless a class says
    otherwise its quantities have no dimension.
    """

    start: ClassVar[tuple[float, ...]]
    """The initial state that is usual for the system."""
    spread: ClassVar[tuple[tuple[float, float], ...]]
    """Intervals of initial states, one a component; see `initial_states`."""

    @abc.abstractmethod
    def vector_field(self, t: Scalar, y: Float[Array, " c"], args: Any = None) -> Float[Array, " c"]:
        """f(t, y); ``args`` is not read, it makes this a vector field of diffrax."""

    def residual(self, u: PointFunction, x: Float[Array, " 1"]) -> Float[Array, " c"]:
        """du/dt - f(t, u) at the time ``x``, of shape (1,)."""
        return rate(u)(x) - self.vector_field(x[0], u(x))

    def conserved(self, y: Float[Array, " c"]) -> dict[str, Float[Array, ""]]:
        """Functions of the state that stay constant along solutions, by name."""
        return {}

    def initial_state(self) -> Float[Array, " c"]:
        """The initial state that is usual for the system."""
        return jnp.asarray(self.start, float)

    def initial_states(self) -> Box:
        """Initial states of data sets: a box to draw from by ``box.sample(key, n)``, with the names as its axes."""
        return Box.of(**dict(zip(self.names, self.spread, strict=True)))


def forcing_at(forcing: Forcing, t: Scalar) -> Float[Array, ""]:
    """A number, or the one component of a function of time."""
    time = jnp.asarray(t, float)
    return forcing(time[None])[0] if callable(forcing) else jnp.asarray(forcing, time.dtype)
