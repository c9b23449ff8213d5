"""Quantities that may be continuous across an interface: what solutions, fluxes and residuals are there."""

# Annotations are not postponed in this file, as in every room with an abstract module.
import abc
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AbstractConservationLaw, AbstractEquation, PointFunction
from neuralpde.equations.derivatives import directional, expanded, gradient
from neuralpde.pinn.unknowns import asked_by, put_in


class AbstractQuantity(eqx.Module):
    """A quantity of a function u at a point x of a surface with the unit normal n."""

    @property
    def asks(self) -> frozenset[str]:
        """Names of unknowns and family parameters that the quantity can be given."""
        return frozenset()

    @abc.abstractmethod
    def __call__(
        self, u: PointFunction, x: Float[Array, " d"], n: Float[Array, " d"], given: Mapping[str, Any]
    ) -> Float[Array, " k"]:
        """The quantity; ``given`` are those that it asks for."""


class Quantity(AbstractQuantity):
    """A formula ``(u, x, n, ...) -> (k,)``, whose further arguments are unknowns and family parameters by name."""

    formula: Callable[..., Array]

    @property
    def asks(self) -> frozenset[str]:
        """Arguments of the formula after the first three."""
        return asked_by(self.formula, 3)

    def __call__(self, u, x, n, given):
        return jnp.atleast_1d(put_in(self.formula, given, 3)(u, x, n))


class Values(AbstractQuantity):
    """u itself."""

    def __call__(self, u, x, n, given):
        return u(x)


class NormalDerivatives(AbstractQuantity):
    """``(n . grad)^order u``"""

    order: int = eqx.field(static=True, default=1)

    def __call__(self, u, x, n, given):
        return directional(u, n[None], self.order)(x)


class NormalFlux(AbstractQuantity):
    """The flux through the surface, n . F(u).

    law: a conservation law, whose flux through a surface in space and time is ``n_t u + sum_i n_i (f_i - g_i)``; or a
    function ``(u, x, ...) -> (m,)``, or (m, k), of the components of F along the first m coordinates, such as
    ``lambda u, x: a(x) * gradient(u, (0, 1))(x)``.
    """

    law: AbstractConservationLaw | Callable[..., Array]

    @property
    def asks(self) -> frozenset[str]:
        """Parameters of the law, or arguments of the function after u and x."""
        return asked_by(self.law, 2)

    def __call__(self, u, x, n, given):
        law = put_in(self.law, given, 2)
        if not isinstance(law, AbstractConservationLaw):
            flux = law(u, x)
            return jnp.atleast_1d(n[: len(flux)] @ flux)
        value, slopes = u(x), gradient(u)(x)
        total = n[-1] * value
        for axis in range(len(x) - 1):
            viscous = law.viscous_flux(value, slopes, axis)
            total += n[axis] * (law.flux(value, axis) - (0 if viscous is None else viscous))
        return total


class Residual(AbstractQuantity):
    """The residual of an equation, or of a function ``(u, x, ...) -> (k,)``."""

    equation: AbstractEquation | Callable[..., Array]

    @property
    def asks(self) -> frozenset[str]:
        """Parameters of the equation, or arguments of the function after u and x."""
        return asked_by(self.equation, 2)

    def __call__(self, u, x, n, given):
        equation = put_in(self.equation, given, 2)
        return jnp.atleast_1d((equation.residual if isinstance(equation, AbstractEquation) else equation)(u, x))


class ResidualGradient(Residual):
    """Derivatives of the residual along all coordinates."""

    def __call__(self, u, x, n, given):
        at = lambda y: Residual.__call__(self, expanded(u, y), y, n, given)
        return jax.jacfwd(at)(x).reshape(-1)
