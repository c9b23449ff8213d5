"""Data at points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.unknowns import asked_by, put_in

from .condition import PointFunction, as_names
from .data import AbstractData, checked


class Observations(AbstractData):
    """``operator(u, x_i) = values_i`` at given points: sensors, experiments, a solution known here and there.

    x: points of shape (n, d). values: (n, k), or (n,) for one component. operator: ``(u, x, ...) -> (k,)`` such as a
    derivative; left out, u itself. Its arguments after these take unknowns of the same names.

    Raises ``ValueError`` for no points, for numbers that are not finite, and where counts or coordinates do not agree.
    """

    x: Float[Array, "n d"]
    values: Float[Array, "n k"]
    operator: Callable[..., Array] | None = eqx.field(static=True)
    of: tuple[str, ...] | None = eqx.field(static=True)
    weight: float = eqx.field(static=True)
    name: str | None = eqx.field(static=True)

    def __init__(self, x, values, operator=None, of=None, weight: float = 1.0, name: str | None = None):
        x, values = jnp.asarray(x, float), jnp.asarray(values, float)
        values = values[:, None] if values.ndim == 1 else values
        self.x, self.values = checked("Observations", x, values)
        self.operator = operator
        self.of, self.weight, self.name = as_names(of), weight, name

    @property
    def kind(self) -> str:
        """data"""
        return "data"

    @property
    def asks(self) -> frozenset[str]:
        """Arguments of the operator after u and x."""
        return asked_by(self.operator, 2)

    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Float[Array, " k"]:
        observed = u(point.x) if self.operator is None else put_in(self.operator, given, 2)(u, point.x)
        assert point.values is not None  # `sample` gives every point its values
        return observed - point.values
