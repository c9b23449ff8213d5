"""Conditions on integrals: mass, mean pressure, flow through a section."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.quadrature import interval_rule
from neuralpde.pinn.sampling.placed import in_domain
from neuralpde.pinn.sampling.sampler import AbstractSampler
from neuralpde.pinn.unknowns import asked_by, datum, put_in
from neuralpde.spaces import AbstractDomain, Box

from .condition import AbstractCondition, PointFunction, as_names, axis_of, names_of, with_set


class IntegralCondition(AbstractCondition):
    """The integral of ``density(u, x)`` over some axes of a box is ``value``, at all places of the other axes.

    over: axes to integrate over, by Gauss-Legendre quadrature with ``nodes`` nodes each. value: a number, one number a
    component, or a function of the point, whose coordinates on these axes mean nothing. density: ``(u, x, ...) -> (k,)``;
    left out, u itself. Arguments of functions after these take unknowns and family parameters of the same names.

    Raises ``ValueError`` on other shapes than boxes.
    """

    value: Any
    over: tuple[str, ...] = eqx.field(static=True, converter=names_of)
    density: Callable[..., Array] | None = eqx.field(static=True, default=None)
    nodes: int = eqx.field(static=True, default=32)
    of: tuple[str, ...] | None = eqx.field(static=True, default=None, converter=as_names)
    weight: float = eqx.field(static=True, default=1.0)
    name: str | None = eqx.field(static=True, default=None)
    on: Box | None = eqx.field(static=True, default=None)

    @property
    def kind(self) -> str:
        """integral"""
        return "integral"

    @property
    def asks(self) -> frozenset[str]:
        """Arguments of the density after u and x, and of the value after x."""
        return asked_by(self.density, 2) | asked_by(self.value, 1)

    @property
    def atoms(self) -> int | None:
        """One, where no axis is left."""
        return 1 if len(self.over) == self.on.dim else None

    def placed(self, domain: AbstractDomain) -> AbstractCondition:
        if not isinstance(domain, Box):
            raise ArgumentError(
                f"IntegralCondition integrates over axes of boxes, the domain is {domain}; for other shapes state the "
                "integral in a function for Interior or Boundary, with a quadrature rule of that shape."
            )
        for name in self.over:
            axis_of(domain, name)
        return with_set(self, on=domain)

    def sample(self, n: int, sampler: AbstractSampler, key: PRNGKeyArray) -> Collocation:
        return in_domain(self.on, sampler, n, key)

    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Float[Array, " k"]:
        nodes, weights = self._rule()
        axes = jnp.asarray([axis_of(self.on, name) for name in self.over])
        density = (lambda v, x: v(x)) if self.density is None else put_in(self.density, given, 2)
        values = jax.vmap(lambda y: density(u, point.x.at[axes].set(y.astype(point.x.dtype))))(nodes)
        return jnp.tensordot(weights, values, axes=1) - datum(self.value, point.x, given)

    def _rule(self) -> tuple[Float[Array, "m k"], Float[Array, " m"]]:
        """Nodes on the axes that are integrated over, and weights in their units."""
        axes = [self.on.axes[axis_of(self.on, name)] for name in self.over]
        x, w = interval_rule(self.nodes)
        nodes = jnp.stack(jnp.meshgrid(*(axis.lower + axis.length * x for axis in axes), indexing="ij"), axis=-1)
        weights = math.prod(jnp.meshgrid(*(axis.length * w for axis in axes), indexing="ij"))
        return nodes.reshape(-1, len(axes)), jnp.asarray(weights).reshape(-1)
