"""Simple polygons in the plane, convex or not."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .box import Axis, Box
from .domain import AbstractDomain, AbstractSurface


@dataclasses.dataclass(frozen=True)
class Polygon(AbstractDomain):
    """The inside of a closed chain of vertices that does not cross itself; either orientation is accepted.

    Raises ``ValueError`` for fewer than three vertices, no area, or a chain that crosses itself.
    """

    vertices: tuple[tuple[float, float], ...]
    axis_names: tuple[str, str] = ("x", "y")

    def __init__(self, vertices: Sequence[Sequence[float]], axis_names: tuple[str, str] = ("x", "y")):
        corners = np.asarray(vertices, dtype=float)
        if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
            raise ArgumentError(f"Polygon needs at least three (x, y) vertices, got an array of shape {corners.shape}.")
        area = _signed_area(corners)
        if area == 0 or _crosses_itself(corners):
            raise ArgumentError("Polygon's vertices must enclose an area without crossing; check their order.")
        if area < 0:
            corners = corners[::-1]
        object.__setattr__(self, "vertices", tuple(map(tuple, corners.tolist())))
        object.__setattr__(self, "axis_names", tuple(axis_names))

    @property
    def names(self) -> tuple[str, ...]:
        return self.axis_names

    @property
    def bounds(self) -> Box:
        corners = np.asarray(self.vertices)
        ends = zip(self.axis_names, corners.min(0).tolist(), corners.max(0).tolist(), strict=True)
        return Box(tuple(Axis(*end) for end in ends))

    @property
    def volume(self) -> float:
        return _signed_area(np.asarray(self.vertices))

    @property
    def boundary(self) -> PolygonBoundary:
        return PolygonBoundary(self)

    def distance(self, x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
        a = jnp.asarray(self.vertices, x.dtype)
        edge = jnp.roll(a, -1, axis=0) - a
        offset = x[..., None, :] - a
        along = jnp.clip(jnp.sum(offset * edge, -1) / jnp.sum(edge**2, -1), 0, 1)
        squared = jnp.min(jnp.sum((offset - along[..., None] * edge) ** 2, -1), axis=-1)
        away = squared > 0
        distance = jnp.where(away, jnp.sqrt(jnp.where(away, squared, 1.0)), 0.0)
        return jnp.where(self._inside(x), -distance, distance)

    def _inside(self, x: Float[Array, "*n d"]) -> Array:
        """Even-odd rule: a ray to the right crosses the boundary an odd number of times."""
        a = jnp.asarray(self.vertices, x.dtype)
        b = jnp.roll(a, -1, axis=0)
        px, py = x[..., None, 0], x[..., None, 1]
        straddles = (a[:, 1] > py) != (b[:, 1] > py)
        height = jnp.where(b[:, 1] == a[:, 1], 1.0, b[:, 1] - a[:, 1])
        crossing = a[:, 0] + (py - a[:, 1]) / height * (b[:, 0] - a[:, 0])
        return jnp.sum(straddles & (px < crossing), axis=-1) % 2 == 1

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "n d"]:
        triangles = _triangulated(self.vertices)
        areas = np.abs([_signed_area(t) for t in triangles])
        key_triangle, key_point = jax.random.split(key)
        chosen = jax.random.choice(key_triangle, len(triangles), (n,), p=jnp.asarray(areas / areas.sum()))
        corner = jnp.asarray(triangles, dtype=float)[chosen]
        s, t = jax.random.uniform(key_point, (2, n, 1))
        # A point of the unit square beyond its diagonal is reflected into the triangle.
        s, t = jnp.where(s + t > 1, 1 - s, s), jnp.where(s + t > 1, 1 - t, t)
        return corner[:, 0] + s * (corner[:, 1] - corner[:, 0]) + t * (corner[:, 2] - corner[:, 0])


@dataclasses.dataclass(frozen=True)
class PolygonBoundary(AbstractSurface):
    """The edges of a polygon."""

    polygon: Polygon

    def _edges(self) -> tuple[np.ndarray, np.ndarray]:
        a = np.asarray(self.polygon.vertices)
        return a, np.roll(a, -1, axis=0) - a

    @property
    def measure(self) -> float:
        return float(np.linalg.norm(self._edges()[1], axis=1).sum())

    def sample(self, key: PRNGKeyArray, n: int) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
        start, edge = self._edges()
        length = np.linalg.norm(edge, axis=1)
        # Vertices run counter-clockwise, so the outside is on the right of each edge.
        normal = np.stack([edge[:, 1], -edge[:, 0]], axis=1) / length[:, None]
        key_edge, key_point = jax.random.split(key)
        chosen = jax.random.choice(key_edge, len(length), (n,), p=jnp.asarray(length / length.sum()))
        along = jax.random.uniform(key_point, (n, 1))
        start, edge, normal = (jnp.asarray(a, dtype=float)[chosen] for a in (start, edge, normal))
        return start + along * edge, normal


def _signed_area(corners: np.ndarray) -> float:
    x, y = np.asarray(corners).T
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def _orientation(a, b, c) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _crosses_itself(corners: np.ndarray) -> bool:
    n = len(corners)
    for i in range(n):
        for j in range(i + 2, n):
            if i == 0 and j == n - 1:
                continue
            a, b, c, d = corners[i], corners[(i + 1) % n], corners[j], corners[(j + 1) % n]
            if _orientation(a, b, c) * _orientation(a, b, d) < 0 and _orientation(c, d, a) * _orientation(c, d, b) < 0:
                return True
    return False


@functools.cache
def _triangulated(vertices: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Ear clipping: triangles of shape (n - 2, 3, 2) that cover a counter-clockwise polygon."""
    left = list(vertices)
    triangles = []
    while len(left) > 3:
        for i in range(len(left)):
            a, b, c = left[i - 1], left[i], left[(i + 1) % len(left)]
            others = [p for p in left if p not in (a, b, c)]
            if _orientation(a, b, c) > 0 and not any(_in_triangle(p, a, b, c) for p in others):
                triangles.append((a, b, c))
                del left[i]
                break
        else:
            # Only straight corners are left to clip.
            i = min(
                range(len(left)),
                key=lambda i: abs(_orientation(left[i - 1], left[i], left[(i + 1) % len(left)])),
            )
            del left[i]
    triangles.append(tuple(left))
    return np.asarray(triangles)


def _in_triangle(p, a, b, c) -> bool:
    return all(_orientation(*pair, p) >= 0 for pair in ((a, b), (b, c), (c, a)))
