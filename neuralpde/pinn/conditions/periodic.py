"""Periodicity as a condition on the two ends of an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations.derivatives import partial
from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.sampling.placed import on_surface
from neuralpde.pinn.sampling.sampler import AbstractSampler
from neuralpde.spaces import AbstractDomain, Box
from neuralpde.spaces.box import BoxSurface

from .condition import AbstractCondition, PointFunction, as_names, axis_of, with_set


class PeriodicSides(AbstractCondition):
    """Values and derivatives up to the order ``derivatives`` agree at the two ends of an axis of a box.

    For networks that are not periodic by construction (`neuralpde.nn.PeriodicFeatures`); an equation of order k in x
    asks for k - 1 derivatives. Raises ``ValueError`` on other shapes than boxes.
    """

    axis: str = eqx.field(static=True)
    derivatives: int = eqx.field(static=True, default=1)
    of: tuple[str, ...] | None = eqx.field(static=True, default=None, converter=as_names)
    weight: float = eqx.field(static=True, default=1.0)
    name: str | None = eqx.field(static=True, default=None)
    on: Box | None = eqx.field(static=True, default=None)

    @property
    def kind(self) -> str:
        """periodic"""
        return "periodic"

    @property
    def asks(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()

    @property
    def atoms(self) -> int | None:
        """One, on an interval."""
        return 1 if self.on.dim == 1 else None

    def placed(self, domain: AbstractDomain) -> AbstractCondition:
        if not isinstance(domain, Box):
            raise ArgumentError(f"PeriodicSides ties the ends of an axis of a box together, the domain is {domain}.")
        axis_of(domain, self.axis)
        return with_set(self, on=domain)

    def sample(self, n: int, sampler: AbstractSampler, key: PRNGKeyArray) -> Collocation:
        return on_surface(BoxSurface(self.on, ((axis_of(self.on, self.axis), False),)), sampler, n, key)

    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Float[Array, " k"]:
        axis = axis_of(self.on, self.axis)
        end = point.x.at[axis].set(self.on.upper[axis])
        orders = [partial(u, axis, order) for order in range(self.derivatives + 1)]
        return jnp.concatenate([derivative(end) - derivative(point.x) for derivative in orders])
