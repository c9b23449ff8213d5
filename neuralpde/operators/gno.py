"""Graph neural operator: kernel integrals over neighbours within a radius, on any set of points.

Li, Kovachki, Azizzadenesheli, Liu, Bhattacharya, Stuart, Anandkumar, arXiv 2003.03485.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import (
    NeighbourIntegral,
    Neighbours,
    PeriodicFeatures,
    Pointwise,
    PointwiseMLP,
    check_limit,
    gelu,
    neighbours,
    point_features,
)
from neuralpde.spaces import AbstractDiscretization, AbstractFunction, Field, FunctionSpace

from .about import About
from .operator import AbstractOperator, check_source


class GraphLayer(eqx.Module):
    """``v <- sigma(W v + K v)`` with the kernel integral K over neighbours and a pointwise map W."""

    W: Pointwise
    K: NeighbourIntegral

    def __call__(
        self, v: Float[Array, "n c"], on: AbstractDiscretization, near: Neighbours, a: Float[Array, "n i"]
    ) -> Float[Array, "n c"]:
        return gelu(self.W(v) + self.K(v, on, near, a))


class GNO(AbstractOperator):
    """Graph neural operator: lifting of (a(x), x), ``depth`` graph layers, a kernel integral to the queries, projection.

    ``radius`` is that of the neighbourhoods as a part of each axis' length (of the bounding box); ``hidden`` the width
    of the kernel networks. Inputs live on points or grids, their quadrature weights and masks are respected, and the
    output is computed at any ``at`` by the last integral, not interpolated. ``limit`` is the number of places for the
    neighbours of a point in a cloud (default: enough for clouds of even density, see `neighbours`).

    Raises ``ValueError`` where the points of ``on`` have more neighbours than that; elsewhere, under jit, the output is
    NaN at such queries.
    """

    about: ClassVar[About] = About("Li et al., 2020, arXiv 2003.03485", "any", True)

    lifting: PointwiseMLP
    layers: tuple[GraphLayer, ...]
    decoder: NeighbourIntegral
    projection: PointwiseMLP
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    radius: tuple[float, ...] = eqx.field(static=True)
    limit: int | None = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        width: int = 32,
        depth: int = 3,
        hidden: int = 32,
        radius: float = 0.1,
        limit: int | None = None,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        self.source, self.target, self.limit = source, target, limit
        self.radius = relative_radius(source, target, radius)
        if on is not None:
            check_limit(on, self.radius, limit)
        key_lift, key_decode, key_project, *keys = jax.random.split(key, depth + 3)
        integral = lambda k: NeighbourIntegral(source.domain, width, conditions=source.channels, hidden=hidden, key=k)
        self.lifting = lifting(source, width, key=key_lift)
        self.layers = tuple(
            GraphLayer(Pointwise(width, width, key=k_w), integral(k_k)) for k_w, k_k in map(jax.random.split, keys)
        )
        self.decoder = integral(key_decode)
        self.projection = PointwiseMLP(width, 2 * width, target.channels, key=key_project)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        return self.as_function(u).sample(u.on if at is None else at)

    def as_function(self, u: Field) -> AbstractFunction:
        """The output as a function: the layers are evaluated here, the last integral at each point."""
        check_source(self, u)
        a = u.values.reshape(-1, self.source.channels)
        v = self.lifting(jnp.concatenate([a, point_features(u.on).astype(a.dtype)], axis=-1))
        near = neighbours(u.on, flat_coords(u.on), self.radius, self.limit)
        for layer in self.layers:
            v = layer(v, u.on, near, a)
        return Decoded(
            v=v,
            a=a,
            on=u.on,
            K=self.decoder,
            Q=self.projection,
            space=self.target,
            radius=self.radius,
            limit=self.limit,
        )


class Decoded(AbstractFunction):
    """The function ``x -> Q (K v)(x)`` for features v on a discretisation: K a kernel integral, Q a network."""

    v: Float[Array, "n c"]
    a: Float[Array, "n i"] | None
    on: AbstractDiscretization
    K: NeighbourIntegral
    Q: PointwiseMLP
    space: FunctionSpace = eqx.field(static=True)
    radius: tuple[float, ...] = eqx.field(static=True)
    limit: int | None = eqx.field(static=True, default=None)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self._at(x[None])[0]

    def sample(self, on: AbstractDiscretization) -> Field:
        return Field(self._at(flat_coords(on)).reshape(*on.shape, -1), on, self.space)

    def _at(self, x: Float[Array, "m d"]) -> Float[Array, "m c"]:
        near = neighbours(self.on, x, self.radius, self.limit)
        return self.Q(self.K(self.v, self.on, near, self.a))


def relative_radius(source: FunctionSpace, target: FunctionSpace, radius: float) -> tuple[float, ...]:
    """Radii in the domain's units from parts of each axis' length; both spaces must live on one domain."""
    if source.domain != target.domain:
        raise ArgumentError(
            f"A graph operator keeps the domain of its input, {source.domain.names}, and its target lives on "
            f"{target.domain.names}; give the input as a function on the domain of the target, constant along the axes "
            "that it lacks (datasets of space and time: extend=true)."
        )
    if not 0 < radius <= 0.5:
        raise ArgumentError(f"The radius is a part of each axis' length, above 0 and at most 0.5; got {radius}.")
    return tuple(radius * length for length in source.domain.bounds.extents)


def lifting(source: FunctionSpace, width: int, *, key: PRNGKeyArray) -> PointwiseMLP:
    """From the values and the features of a point to ``width`` channels."""
    features = PeriodicFeatures(source.domain.bounds).size
    return PointwiseMLP(source.channels + features, 2 * width, width, key=key)


def flat_coords(on: AbstractDiscretization) -> Float[Array, "n d"]:
    """Coordinates of all points, grids flattened."""
    return on.coords().reshape(-1, on.domain.dim)
