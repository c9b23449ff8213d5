"""Stochastic differential equations of Ito's kind with independent noise in each component."""

from __future__ import annotations

import abc
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from .equation import AbstractEquation
from .ode import Scalar


class AbstractSDE(AbstractEquation):
    """dy = f(t, y) dt + g(t, y) dW, component by component, for a state y of shape (c,) and c Brownian motions.

    ``args`` is not read: it makes drift and diffusion vector fields of diffrax.
    """

    @abc.abstractmethod
    def drift(self, t: Scalar, y: Float[Array, " c"], args: Any = None) -> Float[Array, " c"]:
        """f(t, y)."""

    @abc.abstractmethod
    def diffusion(self, t: Scalar, y: Float[Array, " c"], args: Any = None) -> Float[Array, " c"]:
        """g(t, y), one number for each component."""

    @abc.abstractmethod
    def initial_state(self) -> Float[Array, " c"]:
        """The initial state that is usual for the process."""

    def moments(self, t: Scalar, y: Float[Array, " c"]) -> tuple[Float[Array, " c"], Float[Array, " c"]]:
        """Mean and variance of each component at a time ``t`` after the state was ``y`` at time 0."""
        raise self._lacks("moments in closed form")

    def log_density(self, z: Float[Array, " c"], t: Scalar, y: Float[Array, " c"]) -> Float[Array, ""]:
        """Logarithm of the density at ``z``, at a time ``t`` after the state was ``y`` at time 0."""
        raise self._lacks("a transition density in closed form")

    def path(self, t: Scalar, w: Float[Array, " c"], y: Float[Array, " c"]) -> Float[Array, " c"]:
        """The state at time ``t`` on the path whose Brownian motion has come to ``w``, from ``y`` at time 0."""
        raise self._lacks("solutions along a path in closed form")


def normal_log_density(z: Float[Array, " c"], mean: Float[Array, " c"], variance: Float[Array, " c"]) -> Array:
    """Logarithm of the density of independent normal variables."""
    return -0.5 * jnp.sum((z - mean) ** 2 / variance + jnp.log(2 * jnp.pi * variance))
