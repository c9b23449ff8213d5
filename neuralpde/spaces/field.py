"""Fields: functions sampled on a discretisation. The one type that datasets, operators and solvers exchange."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from .discretization import AbstractDiscretization
from .function import AbstractFunction
from .grid import Grid
from .space import FunctionSpace


class Field(AbstractFunction):
    """Samples of a function: values of shape ``on.shape + (channels,)``, for ONE function.

    On a `Grid` a field has exactly one array leaf, so it is a state for ``lax.scan`` or diffrax and an argument
    for ``vmap`` like any array. Its shape is checked where it is constructed and nowhere else: `Field.stack` holds
    many functions with leading axes, as ``vmap`` does.
    """

    values: Inexact[Array, "*grid channel"]
    on: AbstractDiscretization
    space: FunctionSpace = eqx.field(static=True)

    def __init__(self, values, on: AbstractDiscretization, space: FunctionSpace):
        values = jnp.asarray(values)
        if not jnp.issubdtype(values.dtype, jnp.inexact):
            values = values.astype(float)
        expected = (*on.shape, space.channels)
        if values.shape != expected:
            raise ValueError(
                f"Field of {space.names} expects values of shape {expected} (grid, then channels), "
                f"got {values.shape}; for many functions use Field.stack."
            )
        if on.domain != space.domain:
            raise ValueError(f"Field: the discretisation lives on {on.domain}, the space on {space.domain}.")
        self.values, self.on, self.space = values, on, space

    @classmethod
    def stack(cls, values, on: AbstractDiscretization, space: FunctionSpace) -> Field:
        """Many functions on one discretisation: values of shape (sample, *grid, channel)."""
        return jax.vmap(lambda v: cls(v, on, space))(jnp.asarray(values))

    def with_values(self, values: Inexact[Array, "*grid channel"]) -> Field:
        """The same place and space with other values."""
        return Field(values, self.on, self.space)

    def map(self, f: Callable[[Array], Array], names: tuple[str, ...] | None = None) -> Field:
        """Apply ``f`` to the values, point by point; conditions on walls are forgotten."""
        return Field(f(self.values), self.on, self.space.free(names))
