"""Shapes given by a level function: inside is where it is negative."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .box import Box
from .domain import AbstractDomain, AbstractSurface

QUADRATURE_POINTS = 2**16


def sample_inside(domain: AbstractDomain, key: PRNGKeyArray, n: int) -> Float[Array, "n d"]:
    """``n`` uniform points of a domain by rejection from its bounding box, under jit with fixed shapes."""

    def redraw(state):
        key, points, inside = state
        key, key_draw = jax.random.split(key)
        fresh = domain.bounds.sample(key_draw, n)
        accepted = domain.contains(fresh)
        take = ~inside & accepted
        return key, jnp.where(take[:, None], fresh, points), inside | accepted

    start = (key, jnp.zeros((n, domain.dim)), jnp.zeros(n, bool))
    return jax.lax.while_loop(lambda state: ~jnp.all(state[2]), redraw, start)[1]


@functools.cache
def _sobol(dim: int) -> np.ndarray:
    import scipy.stats.qmc  # a second of import time, which only these volumes need

    return scipy.stats.qmc.Sobol(dim, scramble=False).random(QUADRATURE_POINTS)


@functools.cache
def volume_by_quadrature(domain: AbstractDomain) -> float:
    """Volume by 65,536 Sobol points of the bounding box; relative error near 1e-4 for shapes that fill it well."""
    box = domain.bounds
    with jax.ensure_compile_time_eval():
        x = np.asarray(box.lower) + _sobol(box.dim) * np.asarray(box.extents)
        return float(box.volume * np.mean(np.asarray(domain.distance(jnp.asarray(x, dtype=float))) <= 0))


@dataclasses.dataclass(frozen=True)
class SignedDistance(AbstractDomain):
    """The set ``level(x) <= 0`` inside a bounding box.

    ``level`` maps (d,) to a scalar, is differentiable near its zero set and has no zero gradient there; a signed
    distance is best, since `distance` returns it as it is. Volume is by quasi-Monte Carlo (near 1e-4).
    """

    level: Callable[[Float[Array, " d"]], Float[Array, ""]]
    box: Box

    @property
    def names(self) -> tuple[str, ...]:
        return self.box.names

    @property
    def bounds(self) -> Box:
        return self.box

    @property
    def volume(self) -> float:
        return volume_by_quadrature(self)

    @property
    def boundary(self) -> LevelSet:
        return LevelSet(self)

    def distance(self, x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
        value = self.level
        for _ in x.shape[:-1]:
            value = jax.vmap(value)
        return value(x)

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "n d"]:
        return sample_inside(self, key, n)


@dataclasses.dataclass(frozen=True)
class LevelSet(AbstractSurface):
    """The zero set of a level function, sampled uniformly by its crossings with random lines.

    By the Cauchy-Crofton formula uniformly random lines meet every piece of a surface in proportion to its
    measure; each crossing found on a line of the bounding ball is one uniform point. Normals are gradients.
    """

    shape: SignedDistance
    resolution: int = 512

    def _crossings(self, key: PRNGKeyArray, lines: int) -> tuple[Array, Array]:
        """Points (lines * resolution, d) on random lines, and which of them are crossings."""
        box, dim = self.shape.box, self.shape.dim
        centre = jnp.asarray([(a.lower + a.upper) / 2 for a in box.axes])
        radius = 0.5 * float(np.linalg.norm(box.extents))
        key_direction, key_offset = jax.random.split(key)
        direction = jax.random.normal(key_direction, (lines, dim))
        direction = direction / jnp.linalg.norm(direction, axis=1, keepdims=True)
        offset = _perpendicular_ball(key_offset, direction, radius)
        s = jnp.linspace(-radius, radius, self.resolution + 1)
        points = centre + offset[:, None, :] + s[None, :, None] * direction[:, None, :]
        # Beyond the box the level function promises nothing.
        level = jnp.where(box.contains(points), self.shape.distance(points), jnp.inf)
        before, after = level[:, :-1], level[:, 1:]
        crossing = ((before <= 0) != (after <= 0)) & jnp.isfinite(before) & jnp.isfinite(after)
        w = jnp.where(crossing, before / jnp.where(crossing, before - after, 1.0), 0.0)
        found = points[:, :-1] + w[..., None] * (points[:, 1:] - points[:, :-1])
        return found.reshape(-1, dim), crossing.reshape(-1)

    @property
    def measure(self) -> float:
        """Length or area from the mean number of crossings; relative error near 1 %."""
        return _measure(self)

    def sample(self, key: PRNGKeyArray, n: int) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
        def enough(state):
            return state[2] < n

        def more(state):
            key, points, count = state
            key, key_lines = jax.random.split(key)
            found, crossing = self._crossings(key_lines, 64)
            place = jnp.where(crossing, count + jnp.cumsum(crossing) - 1, n)
            return key, points.at[place].set(found, mode="drop"), count + jnp.sum(crossing)

        _, points, _ = jax.lax.while_loop(enough, more, (key, jnp.zeros((n, self.shape.dim)), jnp.zeros((), int)))
        gradient = jax.vmap(jax.grad(self.shape.level))
        for _ in range(3):
            slope = gradient(points)
            step = self.shape.distance(points) / jnp.sum(slope**2, axis=1)
            points = points - step[:, None] * slope
        slope = gradient(points)
        return points, slope / jnp.linalg.norm(slope, axis=1, keepdims=True)


def _perpendicular_ball(key: PRNGKeyArray, direction: Array, radius: float) -> Array:
    """Uniform points of the (d-1)-ball perpendicular to each direction."""
    lines, dim = direction.shape
    if dim == 1:
        return jnp.zeros_like(direction)
    disc = radius * jax.random.ball(key, dim - 1, shape=(lines,))
    # Reflect the last axis onto the direction; the first axes go along.
    last = jnp.zeros(dim).at[-1].set(1.0)
    v = direction - last
    scale = jnp.sum(v**2, axis=1, keepdims=True)
    flat = jnp.concatenate([disc, jnp.zeros((lines, 1))], axis=1)
    return flat - 2 * v * jnp.sum(v * flat, axis=1, keepdims=True) / jnp.where(scale == 0, 1.0, scale)


@functools.cache
def _measure(surface: LevelSet) -> float:
    dim, lines = surface.shape.dim, 4096
    with jax.ensure_compile_time_eval():
        _, crossing = surface._crossings(jax.random.key(0), lines)
        mean = float(jnp.sum(crossing)) / lines
    radius = 0.5 * float(np.linalg.norm(surface.shape.box.extents))
    # Mean crossings of a convex body's surface with lines that meet the bounding ball: 2 area / area of the sphere.
    sphere = {1: 2.0, 2: 2 * np.pi * radius, 3: 4 * np.pi * radius**2}[dim]
    return mean / 2 * sphere
