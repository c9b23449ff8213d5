"""What the pieces of a function have in common at their interfaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations.derivatives import expanded
from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.conditions import AbstractCondition
from neuralpde.pinn.conditions.boundary import part
from neuralpde.pinn.conditions.condition import PointFunction, as_names, names_of, with_set
from neuralpde.pinn.sampling.placed import on_surface
from neuralpde.pinn.sampling.sampler import AbstractSampler
from neuralpde.pinn.sampling.surfaces import Predicate, Several
from neuralpde.pinn.term import Component
from neuralpde.pinn.unknowns import along, asked_by, datum
from neuralpde.spaces import AbstractDomain, AbstractSurface
from neuralpde.spaces.box import BoxSurface

from .piecewise import beside
from .quantities import AbstractQuantity, Quantity, Values

FORMS = ("difference", "average", "each")


class Continuity(AbstractCondition):
    """A quantity q of u is the same on both sides a and b of an interface.

    quantity: `Values` by default; `NormalDerivatives`, `NormalFlux`, `Residual`, `ResidualGradient`, or a function
    ``(u, x, n, ...) -> (k,)``, n the normal, whose further arguments take unknowns and family parameters.

    form: ``"difference"``, ``q_a - q_b = jump`` where n points from a to b; ``"average"``, both q_a and q_b are their
    mean, which is half of that in the mean square (the form of XPINN); ``"each"``, both are zero, for residuals and
    their gradients.

    on: the interface, ``partition.interface``. Both sides are those of the `Piecewise` functions that u is made of; or
    ``between`` names as many components of u for the one as for the other, such as those of `Joined` functions.
    """

    quantity: AbstractQuantity
    on: AbstractSurface = eqx.field(static=True)
    form: str = eqx.field(static=True)
    jump: Any
    between: tuple[tuple[str, ...], tuple[str, ...]] | None = eqx.field(static=True)
    where: Predicate | None = eqx.field(static=True)
    of: tuple[str, ...] | None = eqx.field(static=True)
    weight: float = eqx.field(static=True)
    name: str | None = eqx.field(static=True)

    def __init__(
        self,
        quantity: AbstractQuantity | Callable[..., Array] = Values(),
        on: AbstractSurface | None = None,
        form: str = "difference",
        jump: Any = 0.0,
        between: tuple[Any, Any] | None = None,
        where: Predicate | None = None,
        of: Any = None,
        weight: float = 1.0,
        name: str | None = None,
    ):
        if form not in FORMS or on is None:
            raise ArgumentError(
                f"Continuity wants a form of {', '.join(FORMS)} and the surface where pieces meet (`interface` of a "
                f"partition, None where there is one cell), got {form!r} and {on}."
            )
        if between is not None:
            between = names_of(between[0]), names_of(between[1])
            if len(between[0]) != len(between[1]):
                raise ArgumentError(f"Continuity compares as many components on both sides, got {between}.")
            of = between[0] + between[1]
        self.quantity = quantity if isinstance(quantity, AbstractQuantity) else Quantity(quantity)
        self.on, self.form, self.jump, self.between, self.where = on, form, jump, between, where
        self.of, self.weight, self.name = as_names(of), weight, name

    @property
    def kind(self) -> str:
        """continuity"""
        return "continuity"

    @property
    def asks(self) -> frozenset[str]:
        """What the quantity and the jump can be given."""
        return self.quantity.asks | asked_by(self.jump, 1)

    @property
    def atoms(self) -> int | None:
        """The points of an interface on a line."""
        parts = self.on.parts if isinstance(self.on, Several) else (self.on,)
        points = [len(p.faces) for p in parts if isinstance(p, BoxSurface) and p.box.dim == 1]
        return sum(points) if len(points) == len(parts) else None

    def placed(self, domain: AbstractDomain) -> AbstractCondition:
        on, jump = part(domain, self.on, self.where), along(self.jump, domain.names)
        return with_set(self, on=on, where=None, jump=jump)

    def sample(self, n: int, sampler: AbstractSampler, key: PRNGKeyArray) -> Collocation:
        return on_surface(self.on, sampler, n, key)

    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Float[Array, " k"]:
        x, n = point.x, point.normal
        a, b = (self.quantity(expanded(side, x), x, n, given) for side in self._sides(u, n))
        if self.form == "difference":
            return a - b - datum(self.jump, x, given)
        middle = (a + b) / 2 if self.form == "average" else 0.0
        return jnp.concatenate([a - middle, b - middle])

    def _sides(self, u: Any, n: Float[Array, " d"]) -> tuple[PointFunction, PointFunction]:
        """u on the side that the normal points away from, and on the other."""
        if self.between is None:
            return beside(u, -n), beside(u, n)
        half = len(self.between[0])
        return Component(u, tuple(range(half))), Component(u, tuple(range(half, 2 * half)))
