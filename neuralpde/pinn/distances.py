"""Approximate distance functions: smooth inside, zero on the boundary, with an inward normal derivative of one there.

Shapes are combined by R-functions. Rvachev & Sheiko, Appl. Mech. Rev. 48 (1995) 151; Sukumar & Srivastava, Comput. Methods
Appl. Mech. Engrg. 389 (2022) 114333, section 4.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import (
    AbstractDomain,
    Ball,
    Box,
    Difference,
    Intersection,
    Polygon,
    Product,
    SignedDistance,
    Union,
)

from .conditions.boundary import TIME

Distance = Callable[[Float[Array, " d"]], Float[Array, ""]]


def distance_to_boundary(domain: AbstractDomain) -> Distance:
    """phi > 0 inside, phi = 0 and d phi / dn = -1 (n outward) on the boundary but at its corners, phi < 0 outside.

    Known for boxes, balls, polygons, level functions, their unions, intersections and differences, and products. On
    domains with an axis t the boundary is the walls, at all times; the ends of time are no walls, nor those of periodic
    axes. At corners, where no smooth function has these slopes, derivatives jump. Raises ``ValueError`` for other shapes
    and where there is no wall.
    """
    known: dict[type, Callable] = {
        Box: _box,
        Ball: _ball,
        Polygon: _polygon,
        SignedDistance: _level,
        Union: lambda domain: _both(domain, either),
        Intersection: lambda domain: _both(domain, both),
        Difference: _difference,
        Product: _product,
    }
    if type(domain) not in known:
        raise ArgumentError(
            f"There is no approximate distance for a {type(domain).__name__}; give it as a SignedDistance."
        )
    return known[type(domain)](domain)


def distance_to_side(domain: Box, axis: str, end: str | None = None) -> Distance:
    """The distance to one side of a box, ``"lower"`` or ``"upper"``; for None to both, ``(x - a)(b - x) / (b - a)``."""
    if axis not in domain.names or end not in (None, "lower", "upper"):
        raise ArgumentError(
            f"A side of this box is an axis of {domain.names} with 'lower' or 'upper', got {axis!r}, {end!r}."
        )
    index = domain.names.index(axis)
    a, b = domain.lower[index], domain.upper[index]
    if end is None:
        return lambda x: (x[index] - a) * (b - x[index]) / (b - a)
    return (lambda x: x[index] - a) if end == "lower" else (lambda x: b - x[index])


def distance_to_segment(start: Sequence[float], stop: Sequence[float]) -> Distance:
    """The distance to a segment in the plane, not negative: zero on it alone, with slopes one on both sides of it.

    ``sqrt(f^2 + (sqrt(t^2 + f^4) - t)^2 / 4)``, f the distance to the line through the segment and t = (L^2 / 4 - |x - c|^2)
    / L, positive in the disc over the segment (Sukumar & Srivastava, equations 9 to 11).
    """
    edges = np.asarray([start], float), np.asarray([stop], float)
    return lambda x: _segments(x, *edges)[1][0]


def both(*phis: Distance) -> Distance:
    """R-conjunction, positive where all are: ``a + b - sqrt(a^2 + b^2)``, one pair after the other."""
    return _folded(phis, lambda a, b: a + b - _root(a**2 + b**2))


def either(*phis: Distance) -> Distance:
    """R-disjunction, positive where one is: ``a + b + sqrt(a^2 + b^2)``, one pair after the other."""
    return _folded(phis, lambda a, b: a + b + _root(a**2 + b**2))


def joined(*phis: Distance) -> Distance:
    """R-equivalence of distances that are not negative, ``1 / (1/a + 1/b + ...)``: zero where one is."""

    def phi(x):
        values = jnp.stack([one(x) for one in phis])
        away = jnp.all(values > 0)
        return jnp.where(away, 1 / jnp.sum(1 / jnp.where(away, values, 1.0)), 0.0)

    return phi


def _folded(phis: Sequence[Distance], combine: Callable) -> Distance:
    return lambda x: functools.reduce(combine, [phi(x) for phi in phis])


def _root(squared: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """Square root with the slope zero at zero, where only corners are."""
    positive = squared > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squared, 1.0)), 0.0)


def _box(domain: Box) -> Distance:
    walls = [axis.name for axis in domain.axes if not axis.periodic and axis.name != TIME]
    if not walls:
        raise ArgumentError(f"The domain with the axes {domain.names} has no walls: its axes are periodic or time.")
    return both(*(distance_to_side(domain, name) for name in walls))


def _ball(domain: Ball) -> Distance:
    def phi(x):
        return (domain.radius**2 - jnp.sum((x - jnp.asarray(domain.centre, x.dtype)) ** 2)) / (2 * domain.radius)

    return phi


def _polygon(domain: Polygon) -> Distance:
    """R-equivalence of the edges, ``1 / (1/a + 1/b + ...)``, with a sign."""
    start = np.asarray(domain.vertices)
    stop = np.roll(start, -1, axis=0)
    length = np.linalg.norm(stop - start, axis=1)

    def phi(x):
        f, distances = _segments(x, start, stop)
        nearest = jnp.argmin(distances)
        own = jnp.where(domain.distance(x) <= 0, 1.0, -1.0) * distances[nearest]
        # On an edge, up to round-off, its line tells inside from outside: the slope is that of f, not that of |f|.
        on_edge = jnp.abs(f[nearest]) < 1e-9 * jnp.asarray(length, x.dtype)[nearest]
        own = jnp.where(on_edge, f[nearest], own)
        counts = (jnp.arange(len(start)) != nearest) & (distances > 0)
        others = jnp.sum(jnp.where(counts, 1 / jnp.where(counts, distances, 1.0), 0.0))
        return own / (1 + jnp.abs(own) * others)

    return phi


def _segments(x: Float[Array, " 2"], start: np.ndarray, stop: np.ndarray) -> tuple[Array, Array]:
    """The signed distance to the line through each segment, positive on its left, and the distance to the segment."""
    a, edge = jnp.asarray(start, x.dtype), jnp.asarray(stop - start, x.dtype)
    length = jnp.linalg.norm(edge, axis=1)
    offset = x - a
    f = (edge[:, 0] * offset[:, 1] - edge[:, 1] * offset[:, 0]) / length
    t = length / 4 - jnp.sum((offset - edge / 2) ** 2, axis=1) / length
    root = _root(t**2 + f**4)
    # (root - t) / 2 = f^4 / (2 (root + t)) loses no digits where t > 0.
    excess = jnp.where(t > 0, f**4 / (2 * jnp.where(t > 0, root + t, 1.0)), (root - t) / 2)
    return f, _root(f**2 + excess**2)


def _level(domain: SignedDistance) -> Distance:
    """``-f / sqrt(f^2 + |grad f|^2)``: a level function normalised to first order."""

    def phi(x):
        value, slope = jax.value_and_grad(domain.level)(x)
        return -value / jnp.sqrt(value**2 + jnp.sum(slope**2))

    return phi


def _both(domain, combine: Callable) -> Distance:
    return combine(distance_to_boundary(domain.a), distance_to_boundary(domain.b))


def _difference(domain: Difference) -> Distance:
    outside = distance_to_boundary(domain.b)
    return both(distance_to_boundary(domain.a), lambda x: -outside(x))


def _product(domain: Product) -> Distance:
    first = distance_to_boundary(domain.a)
    a = lambda x: first(x[: domain.a.dim])
    if isinstance(domain.b, Box) and domain.b.names == (TIME,):
        return a
    second = distance_to_boundary(domain.b)
    return both(a, lambda x: second(x[domain.a.dim :]))
