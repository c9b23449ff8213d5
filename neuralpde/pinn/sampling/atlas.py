"""Boundaries in pieces that are images of unit cubes, by maps that keep the measure: low discrepancy carries over."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractSurface
from neuralpde.spaces.ball import Sphere
from neuralpde.spaces.box import BoxSurface
from neuralpde.spaces.polygon import PolygonBoundary

from .surfaces import Lateral, Several

Image = tuple[Float[Array, "n d"], Float[Array, "n d"]]


class Chart(NamedTuple):
    """``image`` maps the unit cube of ``dim`` coordinates to points and normals; areas shrink by the one factor
    ``measure``."""

    measure: float
    dim: int
    image: Callable[[Float[Array, "n k"]], Image]


def atlas(surface: AbstractSurface) -> tuple[Chart, ...] | None:
    """Charts that cover a surface once; None for surfaces that are known only by their own sampler."""
    if isinstance(surface, BoxSurface):
        return tuple(_face(surface, axis, upper) for axis, upper in surface.faces)
    if isinstance(surface, PolygonBoundary):
        return (_polygon(surface),)
    if isinstance(surface, Sphere) and surface.ball.dim <= 3:
        return _sphere(surface)
    if isinstance(surface, Lateral):
        base = atlas(surface.base)
        return None if base is None else tuple(_cylinder(chart, surface) for chart in base)
    if isinstance(surface, Several):
        charts = [atlas(part) for part in surface.parts]
        return None if None in charts else tuple(itertools.chain.from_iterable(filter(None, charts)))
    return None


def _face(surface: BoxSurface, axis: int, upper: bool) -> Chart:
    box = surface.box
    others = [i for i in range(box.dim) if i != axis]

    def image(s):
        lower, extents = np.asarray(box.lower), np.asarray(box.extents)
        wall = jnp.full((len(s), 1), (box.upper if upper else box.lower)[axis], s.dtype)
        inner = jnp.asarray(lower[others], s.dtype) + s * jnp.asarray(extents[others], s.dtype)
        x = jnp.concatenate([inner[:, :axis], wall, inner[:, axis:]], axis=1)
        return x, jnp.zeros_like(x).at[:, axis].set(1.0 if upper else -1.0)

    return Chart(box.volume / box.extents[axis], box.dim - 1, image)


def _polygon(surface: PolygonBoundary) -> Chart:
    start = np.asarray(surface.polygon.vertices)
    edge = np.roll(start, -1, axis=0) - start
    length = np.linalg.norm(edge, axis=1)
    normal = np.stack([edge[:, 1], -edge[:, 0]], axis=1) / length[:, None]  # vertices run counter-clockwise
    begins = np.concatenate([[0.0], np.cumsum(length)[:-1]])

    def image(s):
        arc = s[:, 0] * surface.measure
        side = jnp.searchsorted(jnp.asarray(begins, s.dtype), arc, side="right") - 1
        along = (arc - jnp.asarray(begins, s.dtype)[side]) / jnp.asarray(length, s.dtype)[side]
        x = jnp.asarray(start, s.dtype)[side] + along[:, None] * jnp.asarray(edge, s.dtype)[side]
        return x, jnp.asarray(normal, s.dtype)[side]

    return Chart(surface.measure, 1, image)


def _sphere(surface: Sphere) -> tuple[Chart, ...]:
    """Two points, a circle by its angle, or a sphere by angle and height (Archimedes: areas are those of a cylinder)."""
    ball = surface.ball

    def placed(normal):
        return jnp.asarray(ball.centre, normal.dtype) + ball.radius * normal, normal

    def circle(s):
        angle = 2 * jnp.pi * s[:, 0]
        return placed(jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1))

    def sphere(s):
        angle, height = 2 * jnp.pi * s[:, 0], 2 * s[:, 1] - 1
        ring = jnp.sqrt(jnp.maximum(1 - height**2, 0.0))
        return placed(jnp.stack([ring * jnp.cos(angle), ring * jnp.sin(angle), height], axis=1))

    if ball.dim == 1:
        ends = [lambda s, sign=sign: placed(jnp.full((len(s), 1), sign, s.dtype)) for sign in (-1.0, 1.0)]
        return tuple(Chart(1.0, 0, end) for end in ends)
    return (Chart(surface.measure, ball.dim - 1, circle if ball.dim == 2 else sphere),)


def _cylinder(chart: Chart, surface: Lateral) -> Chart:
    rest = surface.rest

    def image(s):
        x, normal = chart.image(s[:, : chart.dim])
        y = jnp.asarray(rest.lower, s.dtype) + s[:, chart.dim :] * jnp.asarray(rest.extents, s.dtype)
        return jnp.concatenate([x, y], axis=1), jnp.concatenate([normal, jnp.zeros_like(y)], axis=1)

    return Chart(chart.measure * rest.volume, chart.dim + rest.dim, image)


def shares(measures: list[float], n: int) -> list[int]:
    """``n`` points in proportion to ``measures``, at least one each, by largest remainders; needs n >= len(measures)."""
    total, spare = sum(measures), n - len(measures)
    exact = [spare * measure / total for measure in measures]
    counts = [1 + math.floor(e) for e in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: math.floor(exact[i]) - exact[i])
    for i in by_remainder[: n - sum(counts)]:
        counts[i] += 1
    return counts
