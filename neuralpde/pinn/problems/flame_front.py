"""Functions that have the shape of a flame, whatever network is in them."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, FunctionSpace, Value, concatenate, propagate

REACH = 5.0
"""How far a network of size one bends the logarithm of a front."""


class Ignited(AbstractFunction):
    """``before + (after - before) psi / (1 + psi)``, ``psi = a s exp(r s + 5 s u)``, s in [0, 1] on the interval.

    A front between two states, which it does not leave. At s = 0 exactly ``before``, with a slope of ``a (after - before)``
    in s. For u = 0 the tail of the front grows like s exp(r s).
    """

    u: AbstractFunction
    before: float = eqx.field(static=True)
    after: float = eqx.field(static=True)
    a: float = eqx.field(static=True)
    r: float = eqx.field(static=True)

    @property
    def space(self) -> FunctionSpace:
        """That of u."""
        return self.u.space

    def __call__(self, x: Float[Array, " 1"]) -> Float[Array, " 1"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        s = place(self.space, x)
        psi = self.a * s * propagate(jnp.exp, s * (self.r + REACH * propagate(self.u, x)))
        return self.before + (self.after - self.before) * (psi / (1 + psi))


class Burning(AbstractFunction):
    """Temperature and mass fractions, each ``before + (after - before) psi / (1 + psi)``, and the last so that fractions

    add up to one: ``psi_T = a exp(r s + 5 s u)`` has its value a at s = 0, ``psi_k = a exp(r s + 5 u)`` has not.
    """

    u: AbstractFunction
    before: tuple[float, ...] = eqx.field(static=True)
    after: tuple[float, ...] = eqx.field(static=True)
    a: float = eqx.field(static=True)
    r: float = eqx.field(static=True)

    @property
    def space(self) -> FunctionSpace:
        """That of u."""
        return self.u.space

    def __call__(self, x: Float[Array, " 1"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        s, u = place(self.space, x), REACH * propagate(self.u, x)
        psi = self.a * propagate(jnp.exp, self.r * s + concatenate([s * u[:1], u[1:-1]]))
        before, after = jnp.asarray(self.before, psi.dtype), jnp.asarray(self.after, psi.dtype)
        state = before[:-1] + (after - before)[:-1] * (psi / (1 + psi))
        others = jnp.ones((1, len(self.before) - 2), psi.dtype) @ state[1:]
        return concatenate([state, 1 - others])


def place(space: FunctionSpace, x: Value) -> Value:
    """s, 0 and 1 at the ends of the interval."""
    return (space.domain.bounds.normalize(x) + 1) / 2
