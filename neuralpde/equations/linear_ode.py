"""Linear systems of ordinary differential equations, and integration in time as the simplest of them."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jax.scipy.linalg import expm
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, Box, ClosedForm, FunctionSpace

from .ode import AbstractODE, Forcing, Scalar, forcing_at


class LinearODE(AbstractODE):
    """dy/dt = A y in the plane; by default a damped oscillator that winds into the origin.

    matrix: A, of shape (2, 2), 1 / time.
    """

    names: ClassVar[tuple[str, ...]] = ("x", "y")
    start: ClassVar[tuple[float, ...]] = (1.0, 0.0)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((-1.0, 1.0), (-1.0, 1.0))
    matrix: tuple[tuple[float, float], ...] | Float[Array, "2 2"] = ((-0.1, 1.3), (-1.0, -0.1))

    def vector_field(self, t: Scalar, y: Float[Array, " 2"], args: Any = None) -> Float[Array, " 2"]:
        """A y."""
        return jnp.asarray(self.matrix, y.dtype) @ y

    def exact(self) -> AbstractFunction:
        """exp(t A) y(0) from the usual initial state, for times in (0, 1) and beyond."""
        space = FunctionSpace(Box.of(t=(0.0, 1.0)), self.names)
        return ClosedForm(lambda t: expm(t[0] * jnp.asarray(self.matrix, t.dtype)) @ self.initial_state(), space)


class Antiderivative(AbstractODE):
    """ds/dt = u(t), s(0) = 0: the first problem of DeepONet (Lu et al., Nature Machine Intelligence 3 (2021) 218).

    forcing: u, a number or a function of time, (1,) -> (1,).
    """

    names: ClassVar[tuple[str, ...]] = ("s",)
    start: ClassVar[tuple[float, ...]] = (0.0,)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((-1.0, 1.0),)
    forcing: Forcing = 1.0

    def vector_field(self, t: Scalar, y: Float[Array, " 1"], args: Any = None) -> Float[Array, " 1"]:
        """u(t)."""
        return forcing_at(self.forcing, t)[None]


class ForcedRiccati(AbstractODE):
    """ds/dt = -s^2 + u(t), s(0) = 0: the nonlinear problem of DeepONet (Lu et al. 2021).

    forcing: u, a number or a function of time, (1,) -> (1,).
    """

    names: ClassVar[tuple[str, ...]] = ("s",)
    start: ClassVar[tuple[float, ...]] = (0.0,)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((0.0, 1.0),)
    forcing: Forcing = 1.0

    def vector_field(self, t: Scalar, y: Float[Array, " 1"], args: Any = None) -> Float[Array, " 1"]:
        """-s^2 + u(t)."""
        return -(y**2) + forcing_at(self.forcing, t)

    def exact(self) -> AbstractFunction:
        """c tanh(c t) for a constant forcing u = c^2 >= 0."""
        if callable(self.forcing):
            raise self._lacks("an exact solution for a forcing that varies in time")
        rate = jnp.sqrt(jnp.asarray(self.forcing, float))
        return ClosedForm(lambda t: rate * jnp.tanh(rate * t), FunctionSpace(Box.of(t=(0.0, 1.0)), self.names))
