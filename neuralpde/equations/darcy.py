"""Darcy flow: pressure in a porous medium, the standard elliptic benchmark of operator learning."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import AbstractDiscretization, AbstractPrior, Field, FunctionSpace

from .derivatives import gradient, laplacian
from .equation import AbstractEquation, Coefficient, PointFunction, coefficient_at


class Darcy(AbstractEquation):
    """Stationary Darcy flow  -div(a grad u) = f.

    coefficient: permeability a(x) > 0, a function of one component or a number.
    source: f(x), a function of one component or a number.
    """

    coefficient: Coefficient
    source: Coefficient = 1.0

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        """-div(a grad u) - f at ``x``, for ``u`` and ``a`` that are differentiable there."""
        axes = range(len(x))
        divergence = coefficient_at(self.coefficient, x) * laplacian(u, axes)(x)[0]
        if callable(self.coefficient):
            divergence += jax.jacfwd(self.coefficient)(x)[0] @ gradient(u, axes)(x)[:, 0]
        return (-divergence - coefficient_at(self.source, x))[None]


class TwoPhase(AbstractPrior):
    """Prior of piecewise constant media: ``values[1]`` where a random field is >= 0, else ``values[0]``.

    With a Gaussian field of mean zero, covariance (-Laplace + 9)^-2 and Neumann conditions, this is the
    medium of Li et al., "Fourier neural operator for parametric partial differential equations", ICLR
    2021, appendix A.3.2.
    """

    level: AbstractPrior
    values: tuple[float, ...] = eqx.field(static=True, default=(3.0, 12.0))

    @property
    def space(self) -> FunctionSpace:
        return self.level.space.free(("a",))

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One medium, a single component "a"; the same function on every ``on`` for one key."""
        low, high = self.values
        return self.level.sample(key, on).map(lambda g: jnp.where(g >= 0, high, low).astype(g.dtype), names=("a",))
