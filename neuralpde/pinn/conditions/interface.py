"""Two functions that meet at an interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.sampling.placed import on_surface
from neuralpde.pinn.sampling.sampler import AbstractSampler
from neuralpde.pinn.sampling.surfaces import Predicate
from neuralpde.pinn.unknowns import along, asked_by, datum
from neuralpde.spaces import AbstractDomain, AbstractSurface
from neuralpde.spaces.box import BoxSurface

from .boundary import part
from .condition import AbstractCondition, PointFunction, names_of, with_set


class Interface(AbstractCondition):
    """``u_a - u_b = jump`` and ``a du_a/dn - b du_b/dn = flux_jump`` on a surface, n its normal.

    inner, outer: components of the candidate on the side that n points away from, u_a, and on the other, u_b, equally
    many. conductivities: (a, b), numbers or functions of x; None leaves the fluxes out. All data may be functions of x
    whose further arguments take unknowns and family parameters of the same names.

    on: a surface, in the first coordinates (at all times) or in all; of a domain inside it is ``inside.boundary``.

    For materials that meet, each with a component of its own. What the pieces of one function have in common, and other
    quantities than values and fluxes, are said by `Continuity`.
    """

    inner: tuple[str, ...] = eqx.field(static=True, converter=names_of)
    outer: tuple[str, ...] = eqx.field(static=True, converter=names_of)
    on: AbstractSurface = eqx.field(static=True)
    jump: Any = 0.0
    conductivities: tuple[Any, Any] | None = (1.0, 1.0)
    flux_jump: Any = 0.0
    where: Predicate | None = eqx.field(static=True, default=None)
    weight: float = eqx.field(static=True, default=1.0)
    name: str | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if len(self.inner) != len(self.outer):
            raise ArgumentError(f"Interface compares as many components on both sides, got {self.inner}, {self.outer}.")

    @property
    def of(self) -> tuple[str, ...]:
        """Both sides."""
        return self.inner + self.outer

    @property
    def kind(self) -> str:
        """interface"""
        return "interface"

    @property
    def asks(self) -> frozenset[str]:
        """Arguments of the data after x."""
        data = [self.jump, self.flux_jump, *(self.conductivities or ())]
        return frozenset().union(*(asked_by(g, 1) for g in data))

    @property
    def atoms(self) -> int | None:
        """The points of an interface on a line."""
        one_axis = isinstance(self.on, BoxSurface) and self.on.box.dim == 1
        return len(self.on.faces) if one_axis else None

    def placed(self, domain: AbstractDomain) -> AbstractCondition:
        names = domain.names
        sides = self.conductivities
        return with_set(
            self,
            on=part(domain, self.on, self.where),
            where=None,
            jump=along(self.jump, names),
            flux_jump=along(self.flux_jump, names),
            conductivities=None if sides is None else (along(sides[0], names), along(sides[1], names)),
        )

    def sample(self, n: int, sampler: AbstractSampler, key: PRNGKeyArray) -> Collocation:
        return on_surface(self.on, sampler, n, key)

    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Float[Array, " k"]:
        x, half = point.x, len(self.inner)
        value, slope = jax.jvp(u, (x,), (point.normal,))
        lacks = [value[:half] - value[half:] - datum(self.jump, x, given)]
        if self.conductivities is not None:
            a, b = (datum(k, x, given) for k in self.conductivities)
            lacks.append(a * slope[:half] - b * slope[half:] - datum(self.flux_jump, x, given))
        return jnp.concatenate(lacks)
