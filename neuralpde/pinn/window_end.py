"""What one window of time hands on to the next: its function at the seam."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations.derivatives import partial
from neuralpde.spaces import AbstractFunction, Box, Field, FunctionSpace, Value, concatenate, propagate

from .reference import AT_ONCE

TIME = "t"


@dataclasses.dataclass(frozen=True, eq=False)
class End:
    """A function at one time, and its rate of change there, as functions of a point (x, t) that do not depend on t.

    It is no part of a model: what was found in one window is not trained in the next one.
    """

    u: AbstractFunction
    time: float

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        return propagate(self.u, self._then(x))

    def rate(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        """du/dt"""
        return partial(self.u, self._axis)(self._then(x))

    def snapshot(self, points: int) -> tuple[Field, Field]:
        """Value and rate by series in space, through ``points`` points of every axis.

        Fourier's on periodic axes, Chebyshev's on others. Asking them costs the same after any number of windows, where
        the function itself asks all that came before it.
        """
        space = self.u.space
        where = Box(tuple(a for a in space.domain.bounds.axes if a.name != TIME))
        layout = tuple("periodic" if a.periodic else "chebyshev" for a in where.axes)
        grid = where.grid(*[points] * where.dim, layout=layout)
        x = jnp.insert(grid.coords().reshape(-1, where.dim), self._axis, self.time, axis=-1)
        both = jax.jit(lambda x: jax.lax.map(lambda x: (self(x), self.rate(x)), x, batch_size=AT_ONCE))(x)
        own = FunctionSpace(where, space.names)
        value, rate = (Field(part.reshape(*grid.shape, -1), grid, own) for part in both)
        return value, rate

    @property
    def _axis(self) -> int:
        return self.u.space.domain.names.index(TIME)

    def _then(self, x: Value) -> Value:
        time = jnp.full(1, self.time, x.dtype)
        return concatenate([x[: self._axis], time, x[self._axis + 1 :]])


def handed_on(u: AbstractFunction, time: float, points: int | None) -> tuple[Any, Any]:
    """Value and rate of u at a time: its `End`, or with ``points`` a snapshot where there is a space to take it in."""
    end = End(u, time)
    return (end, end.rate) if points is None or u.space.dim == 1 else end.snapshot(points)
