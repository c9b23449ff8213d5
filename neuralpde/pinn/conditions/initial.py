"""Values and rates at the beginning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations.derivatives import partial
from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.sampling.placed import in_domain
from neuralpde.pinn.sampling.sampler import AbstractSampler
from neuralpde.pinn.unknowns import along, asked_by, datum
from neuralpde.spaces import AbstractDomain, Box
from neuralpde.spaces.product import Product

from .condition import AbstractCondition, PointFunction, as_names, axis_of, with_set

Datum = Any
"""A number, one number a component, or a function of a point: as in `neuralpde.spaces.Dirichlet`."""


class Initial(AbstractCondition):
    """``u = value`` and, for equations of second order in time, ``u_t = rate`` at the beginning of the axis t.

    value, rate: a number, one number a component, a function of the point (x, t), t being the beginning, or an
    `AbstractFunction` of some of the coordinates, such as a Field on space. Arguments of a function after the point take
    unknowns and family parameters of the same names.

    Raises ``ValueError`` where neither is given, or the domain has no axis t of its own.
    """

    value: Datum = None
    rate: Datum = None
    of: tuple[str, ...] | None = eqx.field(static=True, default=None, converter=as_names)
    weight: float = eqx.field(static=True, default=1.0)
    name: str | None = eqx.field(static=True, default=None)
    axis: str = eqx.field(static=True, default="t")
    on: AbstractDomain | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if self.value is None and self.rate is None:
            raise ArgumentError("Initial needs a value, a rate, or both.")

    @property
    def kind(self) -> str:
        """initial"""
        return "initial"

    @property
    def asks(self) -> frozenset[str]:
        """Arguments of value and rate after the point."""
        return asked_by(self.value, 1) | asked_by(self.rate, 1)

    @property
    def atoms(self) -> int | None:
        """One, where time is the only coordinate."""
        return 1 if self.on.dim == 1 else None

    def placed(self, domain: AbstractDomain) -> AbstractCondition:
        axis_of(domain, self.axis)
        if not isinstance(domain, Box) and not (isinstance(domain, Product) and self.axis in domain.b.names):
            raise ArgumentError(f"Initial needs a domain that is a product with its axis {self.axis!r}, got {domain}.")
        value, rate = (along(g, domain.names) for g in (self.value, self.rate))
        return with_set(self, on=domain, value=value, rate=rate)

    def sample(self, n: int, sampler: AbstractSampler, key: PRNGKeyArray) -> Collocation:
        points = in_domain(self.on, sampler, n, key)
        axis = axis_of(self.on, self.axis)
        return Collocation(points.x.at[:, axis].set(self.on.bounds.lower[axis]), points.w)

    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Float[Array, " k"]:
        lacks = []
        if self.value is not None:
            lacks.append(u(point.x) - datum(self.value, point.x, given))
        if self.rate is not None:
            axis = axis_of(self.on, self.axis)
            lacks.append(partial(u, axis)(point.x) - datum(self.rate, point.x, given))
        return jnp.concatenate(lacks)
