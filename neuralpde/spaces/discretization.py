"""Discretisations: where a function is sampled, and how its samples are integrated."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .domain import AbstractDomain


class AbstractDiscretization(eqx.Module):
    """A finite set of points of a domain with quadrature weights.

    ``shape`` is the shape of the leading axes of a field's values: ``(n_1, ..., n_d)`` on a grid, ``(n,)`` on
    points.
    """

    domain: eqx.AbstractVar[AbstractDomain]
    shape: eqx.AbstractVar[tuple[int, ...]]

    @abc.abstractmethod
    def coords(self) -> Float[Array, "*shape d"]:
        """Coordinates of the points, in the domain's units."""

    @abc.abstractmethod
    def weights(self) -> Float[Array, "*shape"]:
        """Quadrature weights: they add up to the volume of the domain."""

    def integrate(self, values: Float[Array, "*shape c"]) -> Float[Array, " c"]:
        """Integral over the domain, a number a channel."""
        axes = tuple(range(len(self.shape)))
        return jnp.tensordot(self.weights().astype(values.dtype), values, axes=(axes, axes))
