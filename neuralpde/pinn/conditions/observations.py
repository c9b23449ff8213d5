"""Data at points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.sampling.sampler import AbstractSampler
from neuralpde.pinn.unknowns import asked_by, put_in
from neuralpde.spaces import AbstractDomain

from .condition import AbstractCondition, PointFunction, as_names


class Observations(AbstractCondition):
    """``operator(u, x_i) = values_i`` at given points: sensors, experiments, a solution known here and there.

    x: points of shape (n, d). values: (n, k), or (n,) for one component. operator: ``(u, x, ...) -> (k,)`` such as a
    derivative; left out, u itself. Its arguments after these take unknowns of the same names. A family's points carry
    its parameters as last coordinates.

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
        if x.ndim != 2 or values.ndim != 2 or len(x) != len(values) or len(x) == 0:
            raise ArgumentError(
                f"Observations need points (n, d) and values (n, k) with the same n > 0, got {x.shape} and {values.shape}."
            )
        if not bool(jnp.all(jnp.isfinite(x)) & jnp.all(jnp.isfinite(values))):
            raise ArgumentError("Observations hold numbers that are not finite; leave those points out.")
        self.x, self.values, self.operator = x, values, operator
        self.of, self.weight, self.name = as_names(of), weight, name

    @property
    def kind(self) -> str:
        """data"""
        return "data"

    @property
    def asks(self) -> frozenset[str]:
        """Arguments of the operator after u and x."""
        return asked_by(self.operator, 2)

    @property
    def atoms(self) -> int | None:
        """As many as were observed."""
        return len(self.x)

    def placed(self, domain: AbstractDomain) -> AbstractCondition:
        return self

    def sample(self, n: int, sampler: AbstractSampler, key: PRNGKeyArray) -> Collocation:
        """All of the observations, or n of them without replacement where n is smaller."""
        if n >= len(self.x):
            return Collocation(self.x, jnp.full(len(self.x), 1 / len(self.x)), values=self.values)
        rows = jax.random.choice(key, len(self.x), (n,), replace=False)
        return Collocation(self.x[rows], jnp.full(n, 1 / n), values=self.values[rows])

    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Float[Array, " k"]:
        observed = u(point.x) if self.operator is None else put_in(self.operator, given, 2)(u, point.x)
        assert point.values is not None  # `sample` gives every point its values
        return observed - point.values
