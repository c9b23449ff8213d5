"""The equation, inside the domain or a part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact, PRNGKeyArray

from neuralpde.equations import AbstractEquation
from neuralpde.equations.derivatives import expanded
from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.sampling.placed import in_domain
from neuralpde.pinn.sampling.sampler import AbstractSampler
from neuralpde.pinn.unknowns import asked_by, put_in
from neuralpde.spaces import AbstractDomain, Box

from .condition import AbstractCondition, PointFunction, as_names, with_set

Law = AbstractEquation | Callable[..., Array]


class Interior(AbstractCondition):
    """``equation.residual(u, x) = 0`` inside.

    equation: an equation, or a function ``(u, x, ...) -> (k,)`` of a callable u and a point x; arguments after these two
    take unknowns and family parameters of the same names. Derivatives are those of `neuralpde.equations.derivatives`.
    on: where, if not everywhere; in the first coordinates (at all times) or in all. gradients: weight of the squared
    derivatives of the residual along all coordinates, beside it (Yu, Lu, Meng & Karniadakis, Comput. Methods Appl. Mech.
    Engrg. 393 (2022) 114823; 1e-4 to 1e-1).
    """

    equation: Law
    on: AbstractDomain | None = eqx.field(static=True, default=None)
    of: tuple[str, ...] | None = eqx.field(static=True, default=None, converter=as_names)
    weight: float = eqx.field(static=True, default=1.0)
    name: str | None = eqx.field(static=True, default=None)
    gradients: float = eqx.field(static=True, default=0.0)

    @property
    def kind(self) -> str:
        """equation"""
        return "equation"

    @property
    def asks(self) -> frozenset[str]:
        """Parameters of the equation, or arguments of the function after u and x."""
        return asked_by(self.equation, 2)

    def placed(self, domain: AbstractDomain) -> AbstractCondition:
        on = domain if self.on is None else self.on
        if on.dim < domain.dim:
            on = on * Box(domain.bounds.axes[on.dim :])
        return with_set(self, on=on)

    def sample(self, n: int, sampler: AbstractSampler, key: PRNGKeyArray) -> Collocation:
        return in_domain(self.on, sampler, n, key)

    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Inexact[Array, " k"]:
        equation = put_in(self.equation, given, 2)
        law = equation.residual if isinstance(equation, AbstractEquation) else equation
        # All derivatives that the law asks for at a point share what they have in common.
        at = lambda x: law(expanded(u, x), x)
        if not self.gradients:
            return at(point.x)
        slopes, found = jax.jacfwd(lambda x: (at(x),) * 2, has_aux=True)(point.x)
        return jnp.concatenate([found, self.gradients**0.5 * slopes.reshape(-1)])
