"""Set operations on domains: constructive solid geometry."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .box import Axis, Box
from .domain import AbstractDomain, AbstractSurface
from .implicit import sample_inside, volume_by_quadrature


class _Combination(AbstractDomain):
    """Two domains of equal coordinates; distance is a lower bound, exact in sign. Volume is near 1e-4."""

    a: AbstractDomain
    b: AbstractDomain

    def __post_init__(self):
        if self.a.names != self.b.names:
            raise ArgumentError(
                f"Domains to be combined need equal coordinates, got {self.a.names} and {self.b.names}."
            )

    @property
    def names(self) -> tuple[str, ...]:
        return self.a.names

    @property
    def volume(self) -> float:
        return volume_by_quadrature(self)

    @property
    def boundary(self) -> SurvivingSurface:
        return SurvivingSurface(self)

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "n d"]:
        return sample_inside(self, key, n)


@dataclasses.dataclass(frozen=True)
class Union(_Combination):
    """Points in either domain: ``a | b``."""

    a: AbstractDomain
    b: AbstractDomain

    @property
    def bounds(self) -> Box:
        pairs = zip(self.a.bounds.axes, self.b.bounds.axes, strict=True)
        return Box(tuple(Axis(p.name, min(p.lower, q.lower), max(p.upper, q.upper)) for p, q in pairs))

    def distance(self, x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
        return jnp.minimum(self.a.distance(x), self.b.distance(x))


@dataclasses.dataclass(frozen=True)
class Intersection(_Combination):
    """Points in both domains: ``a & b``."""

    a: AbstractDomain
    b: AbstractDomain

    @property
    def bounds(self) -> Box:
        pairs = zip(self.a.bounds.axes, self.b.bounds.axes, strict=True)
        return Box(tuple(Axis(p.name, max(p.lower, q.lower), min(p.upper, q.upper)) for p, q in pairs))

    def distance(self, x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
        return jnp.maximum(self.a.distance(x), self.b.distance(x))


@dataclasses.dataclass(frozen=True)
class Difference(_Combination):
    """Points of ``a`` outside ``b``: ``a - b``."""

    a: AbstractDomain
    b: AbstractDomain

    @property
    def bounds(self) -> Box:
        return self.a.bounds

    def distance(self, x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
        return jnp.maximum(self.a.distance(x), -self.b.distance(x))


@dataclasses.dataclass(frozen=True)
class SurvivingSurface(AbstractSurface):
    """The parts of two boundaries that bound their combination, with normals pointing out of it."""

    domain: _Combination

    def _survives(self, points: Float[Array, "n d"], own: str) -> Array:
        other = self.domain.b if own == "a" else self.domain.a
        outside = other.distance(points) > 0
        keeps_outside = isinstance(self.domain, Union) or (isinstance(self.domain, Difference) and own == "a")
        return outside if keeps_outside else ~outside

    def _draw(self, key: PRNGKeyArray, n: int) -> tuple[Array, Array, Array]:
        """Points uniform on both whole boundaries, their normals, and which of them survive."""
        a, b = self.domain.a.boundary, self.domain.b.boundary
        key_a, key_b, key_which = jax.random.split(key, 3)
        from_a = jax.random.bernoulli(key_which, a.measure / (a.measure + b.measure), (n,))
        (points_a, normals_a), (points_b, normals_b) = a.sample(key_a, n), b.sample(key_b, n)
        if isinstance(self.domain, Difference):
            normals_b = -normals_b
        survives = jnp.where(from_a, self._survives(points_a, "a"), self._survives(points_b, "b"))
        choose = from_a[:, None]
        return jnp.where(choose, points_a, points_b), jnp.where(choose, normals_a, normals_b), survives

    @property
    def measure(self) -> float:
        """By Monte Carlo with 65,536 points: relative error near 0.5 %."""
        total = self.domain.a.boundary.measure + self.domain.b.boundary.measure
        with jax.ensure_compile_time_eval():
            return total * float(jnp.mean(self._draw(jax.random.key(0), 2**16)[2]))

    def sample(self, key: PRNGKeyArray, n: int) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
        def redraw(state):
            key, points, normals, done = state
            key, key_draw = jax.random.split(key)
            fresh, fresh_normals, survives = self._draw(key_draw, n)
            take = (~done & survives)[:, None]
            return (
                key,
                jnp.where(take, fresh, points),
                jnp.where(take, fresh_normals, normals),
                done | survives,
            )

        empty = jnp.zeros((n, self.domain.dim))
        start = (key, empty, empty, jnp.zeros(n, bool))
        _, points, normals, _ = jax.lax.while_loop(lambda state: ~jnp.all(state[3]), redraw, start)
        return points, normals
